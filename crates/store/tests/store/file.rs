//! What only files have.

use std::{os::unix::fs::PermissionsExt, path::Path};

use store::{EffectKey, EffectKind, OpenError, Settings, Store};
use tempfile::TempDir;

use crate::fixture::{NOW, open};

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db.sqlite");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(&Settings::default(), &path).await.unwrap();
    store.plan(&EffectKey::of(&["a"]), EffectKind::AlarmMail, "<1@example.org>", NOW).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert!(files >= 2, "there is no WAL");
}

#[tokio::test]
async fn other_databases_and_other_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("text");
    std::fs::write(&path, "this is no database, however long one reads".repeat(100)).unwrap();
    let open = async |url: &str| Store::open(&Settings::at(url), Path::new("/nowhere")).await;
    assert!(matches!(open("mysql://localhost/x").await, Err(OpenError::Unsupported(_))));
    assert!(matches!(open("/nowhere/at/all").await, Err(OpenError::File(_))));
    let url = format!("sqlite:{}", path.display());
    assert!(matches!(open(&url).await, Err(OpenError::Database(_) | OpenError::Migrate(_))));
}

#[tokio::test]
async fn closed_is_closed() {
    let folder = TempDir::new().unwrap();
    let store = open(&Settings::at(folder.path().join("db").display().to_string())).await;
    store.check().await.unwrap();
    store.close().await;
    assert!(store.check().await.is_err());
}
