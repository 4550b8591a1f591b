use std::{io::Read, path::Path};

use super::*;
use crate::{intake::fixture, telemetry::MessageFile};

const PATIENCE: Duration = Duration::from_secs(20);

fn sieve(file: &Path) -> Vec<u8> {
    let (method, class) = ("mailto".to_owned(), "SIEVE".to_owned());
    let file_path = Some(file.to_str().unwrap().to_owned());
    dlist::write(&Notice { method, class, file_path, message: b"text".to_vec(), ..Notice::default() })
}

#[tokio::test]
async fn while_as_many_message_files_hang_as_may_a_sender_is_answered_long_before_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let intake = fixture::intake(folder.path());
    let limits = Limits { connections: 1, read_deadline: PATIENCE * 2, octets: 1 << 20 };
    let dlist = DlistIntake::new(intake.clone(), limits);
    let _hang = Arc::clone(&dlist.readers).acquire_many_owned(MOST_READERS as u32).await.unwrap();
    let (mut sender, stream) = StdStream::pair().unwrap();
    let file = folder.path().join("message");
    dlist.serve(stream, &sieve(&file), dlist.permit().await, Instant::now());
    timeout_at(tokio::time::Instant::now() + PATIENCE, dlist.finish()).await.unwrap();
    let mut answer = Vec::new();
    sender.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, cyrus::dlist::OK);
    assert_eq!(intake.spool.depth().records, 1);
    let late = MessageFile { outcome: FileOutcome::Late };
    assert_eq!(intake.telemetry.message_files.get_or_create(&late).get(), 1);
}
