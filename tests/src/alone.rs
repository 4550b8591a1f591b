//! `mailpush standalone` with no mail server: tests say in Cyrus' words what changed, and credentials are signed tokens.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use testkit::{Scratch, free_ports, program::Program};

use crate::notification;

/// A debug build on a busy machine takes a while to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// The setting `credentials` for signed tokens alone, see [`bearer`].
pub const BY_TOKEN: &str = "[{ jwt = { algorithm = \"HS256\", key = \"a key of thirty-two octets or more\", audience = \"mailpush\" } }]";
/// Things happen as soon as they may.
const SETTINGS: [(&str, &str); 4] = [
    ("pace.heartbeat", r#""1s""#),
    ("pace.retry", r#""200ms""#),
    ("pace.drain_window", r#""1s""#),
    ("credentials", BY_TOKEN),
];
/// What tokens are signed with, and for whom, as it stands there.
const TOKEN_KEY: &str = "a key of thirty-two octets or more";
const AUDIENCE: &str = "mailpush";

/// A running mailpush. Its clients come back soon, and it says every second that it is there.
pub struct Alone {
    program: Option<Program>,
    scratch: Scratch,
    pusher: u16,
    admin: u16,
    bus: Option<String>,
}

impl Alone {
    /// Starts it as most tests want it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with the NATS at `url` for its bus.
    pub async fn start_on(url: &str) -> Self {
        Self::start_as(&[], Some(url.to_owned())).await
    }

    /// Starts it with other settings of the table `pusher`: names, and values in TOML.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_as(settings, None).await
    }

    async fn start_as(settings: &[(&str, &str)], bus: Option<String>) -> Self {
        let scratch = Scratch::new();
        let [pusher, admin] = free_ports();
        let config = configuration(&scratch, [pusher, admin], settings);
        fs::write(scratch.join("mailpush.toml"), config).expect("the scratch folder is ours");
        let mut alone = Self { program: None, scratch, pusher, admin, bus };
        alone.run().await;
        alone
    }

    /// Starts it again on the same data.
    pub async fn run(&mut self) {
        let config = self.config();
        let bus = self.bus.iter().flat_map(|url| ["--bus", url]);
        let program = Program::builder("mailpush").args(["standalone", "--config"]).arg(config);
        let mut program = program.args(bus).start();
        // relay's socket is the last thing to be there.
        program.wait_for_line("Started", PATIENCE).await;
        self.program = Some(program);
    }

    /// Ends it by SIGTERM, which must succeed.
    pub async fn stop(&mut self) {
        let mut program = self.program.take().expect("it runs");
        program.terminate();
        let status = program.wait_for_end(PATIENCE).await;
        assert!(status.success(), "mailpush ended with {status}");
    }

    /// Ends it at once, as a crash would.
    pub async fn kill(&mut self) {
        let mut program = self.program.take().expect("it runs");
        program.kill();
        program.wait_for_end(PATIENCE).await;
    }

    /// The mail modseq of `user` becomes `modseq`.
    pub async fn change(&self, user: &str, modseq: u64) {
        let told = notification::mailbox_modseq(user, modseq);
        assert!(notification::is_taken(&self.scratch.join("notify"), &told).await, "relay takes it");
    }

    /// pusher's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.pusher
    }

    /// The address of a path on pusher.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.pusher)
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.scratch.join("mailpush.toml")
    }

    /// The admin port on 127.0.0.1.
    pub fn admin_port(&self) -> u16 {
        self.admin
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.admin);
        let response = testkit::http_client().get(url).send().await.expect("the admin port answers");
        let text = response.text().await.expect("the admin port speaks UTF-8");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is no metric")).parse().expect("it counts")
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Leaving in order takes time, and nobody follows any more.
        if let Some(program) = &mut self.program {
            program.kill();
        }
    }
}

/// What a client of `user` presents, for an hour.
pub fn bearer(user: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let claims = json!({ "sub": user, "aud": AUDIENCE, "exp": now.as_secs() + 3600 });
    let key = EncodingKey::from_secret(TOKEN_KEY.as_bytes());
    format!(
        "Bearer {}",
        jsonwebtoken::encode(&Header::default(), &claims, &key).expect("claims can be signed")
    )
}

fn configuration(scratch: &Scratch, [pusher, admin]: [u16; 2], settings: &[(&str, &str)]) -> String {
    let root = scratch.path().display();
    let all: BTreeMap<_, _> = SETTINGS.iter().chain(settings).copied().collect();
    let pusher_lines: String = all.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    format!(
        r#"
        default_domain = "example.org"
        data = "{root}/data"
        admin.listen = "127.0.0.1:{admin}"
        [relay]
        dlist = "{root}/notify"
        separator = "/"
        spool.folder = "{root}/spool"
        [notifyd.smtp]
        # Nothing listens there, and nothing is sent.
        port = 1
        [pusher]
        listen = "127.0.0.1:{pusher}"
        {pusher_lines}
        "#
    )
}
