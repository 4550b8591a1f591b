//! File systems of the tests' own, small and easily broken. Mounting takes root, as the tests of Cyrus do.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A mounted file system that goes with this.
pub struct Mount {
    folder: TempDir,
}

impl Mount {
    /// In memory, with room for so many octets.
    pub fn tmpfs(octets: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={octets}");
        run("mount", &["-t", "tmpfs", "-o", &size, "none"], &folder.path().join("at"));
        Self { folder }
    }

    /// ext4 in a file.
    pub fn ext4(octets: u64) -> Self {
        let mount = Self { folder: tempfile::tempdir().unwrap() };
        File::create(mount.image()).unwrap().set_len(octets).unwrap();
        let made = Command::new("mkfs.ext4").args(["-q", "-F"]).arg(mount.image()).status().unwrap();
        assert!(made.success(), "mkfs.ext4 ended with {made}");
        mount.mount_again();
        mount
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount_again(&self) {
        run("mount", &["-o", "loop", self.image().to_str().unwrap()], &self.path());
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("at")
    }

    /// What ext4 does by itself after an error of the disk: nothing is written any more.
    pub fn become_read_only(&self) {
        run("mount", &["-o", "remount,abort"], &self.path());
    }

    /// As an operator does, with the file system checked.
    pub fn repair(&self) {
        run("umount", &[], &self.path());
        let checked = Command::new("e2fsck").args(["-p", "-f"]).arg(self.image()).output().unwrap();
        assert!(checked.status.code().is_some_and(|code| code <= 1), "e2fsck: {checked:?}");
        self.mount_again();
    }

    /// Takes all the room. It is given back when the file is removed.
    pub fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = File::create(&filler).unwrap();
        while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
        filler
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: after a failed test somebody may have files open there.
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

fn run(program: &str, arguments: &[&str], at: &Path) {
    fs::create_dir_all(at).ok();
    let ended = Command::new(program).args(arguments).arg(at).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{program} is refused, these tests need root that may mount: {said}");
}
