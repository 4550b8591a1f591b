use std::{io::Read, path::Path};

use super::*;
use crate::{intake::fixture, telemetry::MessageFile};

fn sieve(file: &Path) -> Vec<u8> {
    let (method, class) = ("mailto".to_owned(), "SIEVE".to_owned());
    let file_path = Some(file.to_str().unwrap().to_owned());
    dlist::write(&Notice { method, class, file_path, message: b"text".to_vec(), ..Notice::default() })
}

#[tokio::test]
async fn a_sender_is_answered_in_time_while_message_files_hang() {
    let folder = tempfile::tempdir().unwrap();
    let intake = fixture::intake(folder.path());
    let limits = Limits { connections: 1, read_deadline: Duration::from_millis(100), octets: 1 << 20 };
    let dlist = DlistIntake::new(intake.clone(), limits);
    let _hang = Arc::clone(&dlist.readers).acquire_many_owned(MOST_READERS as u32).await.unwrap();
    let (mut sender, stream) = StdStream::pair().unwrap();
    let file = folder.path().join("message");
    dlist.serve(stream, &sieve(&file), dlist.permit().await, Instant::now());
    timeout_at(tokio::time::Instant::now() + Duration::from_secs(20), dlist.finish()).await.unwrap();
    let mut answer = Vec::new();
    sender.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, cyrus::dlist::OK);
    assert_eq!(intake.spool.depth().records, 1);
    let late = MessageFile { outcome: FileOutcome::Late };
    assert_eq!(intake.telemetry.message_files.get_or_create(&late).get(), 1);
}
