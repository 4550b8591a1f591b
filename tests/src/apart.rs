//! relay, pusher and notifyd as processes of their own, which meet on a NATS that knows what each may do.

use std::{fs, path::PathBuf, time::Duration};

use testkit::{
    Scratch,
    cyrus::Cyrus,
    eventually, free_port,
    nats::{self, Nats, Version},
    program::Program,
};

use crate::{
    Follower, Plan,
    alone::{BY_TOKEN, bearer},
    beside::{folder_for_cyrus, start_cyrus},
    notification,
};

/// A debug build on a busy machine takes a while.
const PATIENCE: Duration = Duration::from_secs(30);

/// The users of `deploy/nats/users.conf`.
pub const USERS: [&str; 4] = ["relay", "pusher", "notifyd", "operator"];

/// The password of one.
pub fn password(user: &str) -> String {
    format!("the password of {user}")
}

/// A NATS as `deploy/nats/single.conf` has it.
pub async fn nats(version: Version) -> Nats {
    nats_with(version, "single.conf").start().await
}

/// A NATS as the `file` of `deploy/nats/` has it, to be started.
pub fn nats_with(version: Version, file: &str) -> nats::Builder {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/nats"));
    let passwords: String =
        USERS.iter().map(|user| format!("{user}_password: \"{}\"\n", password(user))).collect();
    Nats::builder(version).config_file(&folder.join(file)).file("passwords.conf", &passwords)
}

/// Three servers as `deploy/nats/cluster.conf` has them, each at an address of its own of this machine.
pub async fn cluster(version: Version) -> [Nats; 3] {
    // No other test has this port, so that no other has these addresses.
    let [high, low] = free_port().to_be_bytes();
    let address = |node: u8| format!("127.{high}.{low}.{node}");
    let peers: Vec<_> = (1..=3).map(|node| format!("nats-route://{}:6222", address(node))).collect();
    let node = |node: u8| {
        let text = format!("node: \"nats-{node}\"\naddress: \"{}\"\npeers: {peers:?}\n", address(node));
        nats_with(version, "cluster.conf").file("node.conf", &text).start()
    };
    let (one, two, three) = tokio::join!(node(1), node(2), node(3));
    [one, two, three]
}

/// Asserts that a service was never refused anything.
pub fn assert_refused_nothing(nats: &Nats) {
    let said = nats.said();
    assert!(!said.contains("Violation"), "{said}");
}

/// What the processes of a site share.
pub struct Apart {
    scratch: Scratch,
    servers: Vec<String>,
    replicas: usize,
}

/// One process.
pub struct Process {
    /// It.
    pub program: Program,
    /// Its configuration.
    pub config: PathBuf,
    admin: u16,
    port: u16,
    socket: PathBuf,
}

impl Apart {
    /// A site on `nats`.
    pub fn on(nats: &Nats) -> Self {
        Self::on_all(&[nats], 1)
    }

    /// A site on a cluster that keeps `replicas` of everything.
    pub fn on_all(cluster: &[&Nats], replicas: usize) -> Self {
        let scratch = Scratch::new();
        fs::write(scratch.join("account.key"), [7; 32]).expect("the scratch folder is ours");
        folder_for_cyrus(&scratch);
        Self { scratch, servers: cluster.iter().map(|nats| nats.url()).collect(), replicas }
    }

    /// Where the relay called `name` takes notifications.
    pub fn socket(&self, name: &str) -> PathBuf {
        self.scratch.join("run").join(name)
    }

    /// A Cyrus that tells the relay called `name` what happens.
    pub async fn cyrus(&self, name: &str) -> Cyrus {
        start_cyrus(Plan::default(), &self.socket(name)).await
    }

    /// Starts a relay, or starts it again on the same spool. It takes notifications also while NATS is away.
    pub async fn relay(&self, name: &str) -> Process {
        let section = format!(
            "[relay]\nmode = \"0660\"\nseparator = \"/\"\nspool.folder = \"{}\"\ndlist = \"{}\"\n",
            self.scratch.join(&format!("spool-{name}")).display(),
            self.socket(name).display(),
        );
        self.start("relay", name, &section, 0, self.socket(name)).await
    }

    /// Starts a pusher that takes signed tokens, and the credentials of `mail_server` if there is one.
    pub async fn pusher(&self, name: &str, mail_server: Option<&str>) -> Process {
        let port = free_port();
        let upstream =
            mail_server.map(|url| format!(", {{ upstream = {{ session_url = \"{url}/jmap/\" }} }}]"));
        let upstream = upstream.unwrap_or_else(|| "]".to_owned());
        let credentials = BY_TOKEN.strip_suffix(']').expect("a list");
        let section = format!(
            "[pusher]\nlisten = \"127.0.0.1:{port}\"\npace.heartbeat = \"1s\"\nreconcile.window = \"1h\"\n\
             credentials = {credentials}{upstream}\n"
        );
        self.start("pusher", name, &section, port, PathBuf::new()).await
    }

    /// Starts a pusher while NATS is away, and waits until it says that it waits.
    pub async fn waiting_pusher(&self) -> Process {
        let section = format!("[pusher]\nlisten = \"127.0.0.1:{}\"\ncredentials = {BY_TOKEN}\n", free_port());
        self.start_until("is waited for", "pusher", "waiting", &section).await
    }

    /// Starts a notifyd that gives its mail to a server on `smtp`.
    pub async fn notifyd(&self, smtp: u16) -> Process {
        let data = self.scratch.join("data");
        let section = format!("data = \"{}\"\n[notifyd.smtp]\nport = {smtp}\n", data.display());
        self.start("notifyd", "notifyd", &section, 0, PathBuf::new()).await
    }

    /// Runs `mailpush provision` as the operator, and returns what it exits with and said.
    pub async fn provision(&self, options: &[&str]) -> (Option<i32>, String) {
        self.provision_as("operator", options).await
    }

    /// The same as the user of a service.
    pub async fn provision_as(&self, user: &str, options: &[&str]) -> (Option<i32>, String) {
        let path = self.write(user, "provision", 0, "");
        let program = Program::builder("mailpush").args(["provision", "--config"]).arg(path).args(options);
        let mut program = program.start();
        let status = program.wait_for_end(PATIENCE).await;
        (status.code(), program.said())
    }

    /// Runs a command of `mailpush` with the configuration of a process, and returns whether it succeeded and what it
    /// printed.
    pub async fn command(&self, process: &Process, words: &[&str]) -> (bool, String) {
        let (name, rest) = words.split_first().expect("a command has a name");
        let program = Program::builder("mailpush").args([name, "--config"]).arg(&process.config).args(rest);
        let mut program = program.start();
        let status = program.wait_for_end(PATIENCE).await;
        (status.success(), program.said())
    }

    /// Another key lies in the file from here on, for whoever is started.
    pub fn change_key(&self) {
        fs::write(self.scratch.join("account.key"), [8; 32]).expect("the scratch folder is ours");
    }

    /// Starts a service that is not expected to come up, and returns what it exits with and said.
    pub async fn start_in_vain(&self, role: &str) -> (Option<i32>, String) {
        let section = format!("[pusher]\nlisten = \"127.0.0.1:{}\"\ncredentials = {BY_TOKEN}\n", free_port());
        let path = self.write(role, "vain", free_port(), &section);
        let mut program = Program::builder("mailpush").args([role, "--config"]).arg(path).start();
        let status = program.wait_for_end(PATIENCE).await;
        (status.code(), program.said())
    }

    async fn start(&self, role: &str, name: &str, section: &str, port: u16, socket: PathBuf) -> Process {
        let process = self.start_until("Started", role, name, section).await;
        Process { port, socket, ..process }
    }

    async fn start_until(&self, line: &str, role: &str, name: &str, section: &str) -> Process {
        let admin = free_port();
        let path = self.write(role, name, admin, section);
        let mut program = Program::builder("mailpush").args([role, "--config"]).arg(&path).start();
        program.wait_for_line(line, PATIENCE).await;
        Process { program, config: path, admin, port: 0, socket: PathBuf::new() }
    }

    fn write(&self, role: &str, name: &str, admin: u16, section: &str) -> PathBuf {
        let path = self.scratch.join(&format!("{role}-{name}.toml"));
        let (key, servers) = (self.scratch.join("account.key"), &self.servers);
        let (password, replicas) = (password(role), self.replicas);
        // Keys before tables: a section may begin with some.
        let (keys, tables) = section.split_at(section.find('[').unwrap_or(section.len()));
        let text = format!(
            "default_domain = \"example.org\"\nkey_file = \"{}\"\nadmin.listen = \"127.0.0.1:{admin}\"\n{keys}\
             [bus]\nkind = \"nats\"\n[bus.nats]\nservers = {servers:?}\nreplicas = {replicas}\n\
             longest_reconnect_wait = \"200ms\"\nconnect_timeout = \"5s\"\n\
             credentials = {{ user = \"{role}\", password = \"{password}\" }}\n{tables}",
            key.display()
        );
        fs::write(&path, text).expect("the scratch folder is ours");
        path
    }
}

impl Process {
    /// The mail modseq of `user` becomes `modseq`, as Cyrus tells relay.
    pub async fn change(&self, user: &str, modseq: u64) {
        let told = notification::mailbox_modseq(user, modseq);
        assert!(notification::is_taken(&self.socket, &told).await, "relay takes it");
    }

    /// Follows the JMAP stream of `user` on this pusher.
    pub async fn follow(&self, user: &str) -> Follower {
        self.follow_with(&bearer(user)).await
    }

    /// The same, by what the client shows.
    pub async fn follow_with(&self, authorization: &str) -> Follower {
        let url = format!("http://127.0.0.1:{}/jmap/eventsource/?types=*&closeafter=no&ping=0", self.port);
        Follower::start(&url, &[("Authorization", authorization)]).await
    }

    /// Ends it by SIGTERM, which must succeed.
    pub async fn stop(&mut self) {
        self.program.terminate();
        let status = self.program.wait_for_end(PATIENCE).await;
        assert!(status.success(), "it ended with {status}");
    }

    /// A page of its admin port.
    pub async fn admin(&self, page: &str) -> String {
        let url = format!("http://127.0.0.1:{}{page}", self.admin);
        let response = testkit::http_client().get(url).send().await.expect("the admin port answers");
        response.text().await.expect("it speaks UTF-8")
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.admin("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is no metric of {text}")).parse().expect("it is a number")
    }

    /// Waits until `/ready` says so, or until it names the bus as what is not well.
    pub async fn wait_until_ready(&self, is_ready: bool) {
        eventually(PATIENCE, &format!("/ready: {is_ready}"), async || {
            let said = self.admin("/ready").await;
            let is_so = if is_ready { said.starts_with("ready\n") } else { said.contains("bus: ") };
            is_so.then_some(())
        })
        .await;
    }

    /// Waits until `/ready` has these words.
    pub async fn wait_until_told(&self, words: &str) {
        eventually(PATIENCE, &format!("/ready: {words}"), async || {
            self.admin("/ready").await.contains(words).then_some(())
        })
        .await;
    }

    /// Waits until relay's spool is empty.
    pub async fn wait_until_published(&self) {
        eventually(PATIENCE, "the spool is empty", async || {
            (self.metric("relay_spool_records").await < 1.0).then_some(())
        })
        .await;
    }
}
