//! The commands that tests use, by name. Message sets are sequence sets; folder names go out quoted, as given.

use super::Imap;

impl Imap {
    /// SELECT.
    pub async fn select(&mut self, folder: &str) -> Vec<String> {
        self.run(&format!("SELECT \"{folder}\"")).await
    }

    /// CREATE.
    pub async fn create(&mut self, folder: &str) {
        self.run(&format!("CREATE \"{folder}\"")).await;
    }

    /// DELETE.
    pub async fn delete(&mut self, folder: &str) {
        self.run(&format!("DELETE \"{folder}\"")).await;
    }

    /// RENAME.
    pub async fn rename(&mut self, from: &str, to: &str) {
        self.run(&format!("RENAME \"{from}\" \"{to}\"")).await;
    }

    /// STORE: `change` is `+FLAGS`, `-FLAGS` or `FLAGS`.
    pub async fn store(&mut self, set: &str, change: &str, flags: &str) {
        self.run(&format!("STORE {set} {change} ({flags})")).await;
    }

    /// FETCH of the whole text, which sets `\Seen`.
    pub async fn read(&mut self, set: &str) -> Vec<String> {
        self.run(&format!("FETCH {set} (BODY[])")).await
    }

    /// MOVE (RFC 6851).
    pub async fn move_to(&mut self, set: &str, folder: &str) {
        self.run(&format!("MOVE {set} \"{folder}\"")).await;
    }

    /// COPY.
    pub async fn copy(&mut self, set: &str, folder: &str) {
        self.run(&format!("COPY {set} \"{folder}\"")).await;
    }

    /// EXPUNGE, after `\Deleted` was stored.
    pub async fn expunge(&mut self) {
        self.run("EXPUNGE").await;
    }

    /// SETACL (RFC 4314).
    pub async fn set_acl(&mut self, folder: &str, who: &str, rights: &str) {
        self.run(&format!("SETACL \"{folder}\" \"{who}\" {rights}")).await;
    }

    /// DELETEACL (RFC 4314).
    pub async fn delete_acl(&mut self, folder: &str, who: &str) {
        self.run(&format!("DELETEACL \"{folder}\" \"{who}\"")).await;
    }

    /// SETQUOTA (RFC 9208), storage in KiB.
    pub async fn set_quota(&mut self, root: &str, storage: u64) {
        self.run(&format!("SETQUOTA \"{root}\" (STORAGE {storage})")).await;
    }

    /// LOGOUT.
    pub async fn logout(mut self) {
        self.run("LOGOUT").await;
    }
}
