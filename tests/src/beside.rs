//! `mailpush standalone` beside a real Cyrus, configured by the very files that operators are given.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use testkit::{
    Scratch,
    cyrus::{self, Cyrus, Notify, Profile, Separator},
    free_ports,
    program::Program,
};

use crate::Follower;

/// The lines of imapd.conf that `docs/cyrus.md` asks for.
const IMAPD_LINES: &str = include_str!("../../deploy/cyrus/imapd.conf.mailpush");
/// A debug build on a busy machine takes a while to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// What tokens are signed with, and for whom.
const TOKEN_KEY: &str = "a key of thirty-two octets or more";
const AUDIENCE: &str = "mailpush";

/// The form of the notify socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `notifysocket: dlist:/path`
    Dlist,
    /// `notifysocket: /path`
    Datagram,
}

/// What kind of site a test wants.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The form of the notify socket.
    pub form: Form,
    /// With or without conversations.
    pub profile: Profile,
    /// The hierarchy separator.
    pub separator: Separator,
    /// Where alarm mail goes; nothing listens on port 1.
    pub smtp_port: u16,
    /// `pusher.reconcile.window`. No test sees by accident what the comparison with the mail server found.
    pub reconcile_window: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            form: Form::Dlist,
            profile: Profile::Full,
            separator: Separator::Slash,
            smtp_port: 1,
            reconcile_window: "1h",
        }
    }
}

/// A running site and its Cyrus.
pub struct Beside {
    /// The mail server.
    pub cyrus: Cyrus,
    program: Program,
    scratch: Scratch,
    pusher: u16,
    admin: u16,
}

impl Beside {
    /// Starts both.
    pub async fn start(plan: Plan) -> Self {
        Self::start_with(plan, "").await
    }

    /// Starts both, with more sections in mailpush's configuration.
    pub async fn start_with(plan: Plan, more: &str) -> Self {
        let scratch = Scratch::new();
        let socket = folder_for_cyrus(&scratch).join("notify");
        let cyrus = start_cyrus(plan, &socket).await;
        let [pusher, admin] = free_ports();
        let config = configuration(plan, &scratch, &cyrus, [pusher, admin]);
        fs::write(scratch.join("mailpush.toml"), config + more).expect("the scratch folder is ours");
        let program = run(&scratch, pusher).await;
        Self { cyrus, program, scratch, pusher, admin }
    }

    /// Ends mailpush by SIGTERM, which must succeed, and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.program = run(&self.scratch, self.pusher).await;
    }

    async fn stop(&mut self) {
        self.program.terminate();
        let status = self.program.wait_for_end(PATIENCE).await;
        assert!(status.success(), "mailpush ended with {status}");
    }

    /// Kills mailpush as a crash would, and starts it again.
    pub async fn kill(&mut self) {
        self.program.kill();
        self.program.wait_for_end(PATIENCE).await;
        self.program = run(&self.scratch, self.pusher).await;
    }

    /// Kills mailpush as a crash would, and starts it again after `meanwhile`.
    pub async fn kill_during(&mut self, meanwhile: impl AsyncFnOnce(&Cyrus)) {
        self.program.kill();
        self.program.wait_for_end(PATIENCE).await;
        meanwhile(&self.cyrus).await;
        self.program = run(&self.scratch, self.pusher).await;
    }

    /// Kills mailpush, and has relay forget how far it had published: what lies in the spool is published again.
    pub async fn kill_and_replay(&mut self) {
        self.program.kill();
        self.program.wait_for_end(PATIENCE).await;
        fs::remove_file(self.scratch.join("spool/position")).expect("the position is kept there");
        self.program = run(&self.scratch, self.pusher).await;
        let replayed = |line: &&str| line.starts_with("relay_replayed_total ") && !line.ends_with(" 0");
        assert!(self.admin("/metrics").await.lines().any(|line| replayed(&line)), "the spool was gone over");
    }

    /// relay's socket, for who speaks to it in Cyrus' place.
    pub fn socket(&self) -> PathBuf {
        self.scratch.join("run/notify")
    }

    /// The same, and everything the bus kept is lost in between.
    pub async fn restart_with_an_empty_bus(&mut self) {
        self.stop().await;
        fs::remove_file(self.scratch.join("data/bus.db")).expect("the bus is kept there");
        self.program = run(&self.scratch, self.pusher).await;
    }

    /// The address of a path on pusher.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.pusher)
    }

    /// The address of a path on the admin port.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.admin)
    }

    /// A page of the admin port.
    pub async fn admin(&self, path: &str) -> String {
        let response =
            testkit::http_client().get(self.admin_url(path)).send().await.expect("the admin port answers");
        response.text().await.expect("the admin port speaks UTF-8")
    }

    /// Runs a command of an operator on the same configuration, which must succeed.
    pub async fn order(&self, command: &str, argument: &str) {
        let program = Program::builder("mailpush").args([command, argument, "--config"]);
        let mut program = program.arg(self.scratch.join("mailpush.toml")).start();
        let status = program.wait_for_end(PATIENCE).await;
        assert!(status.success(), "{command} ended with {status}: {}", program.said());
    }

    /// The database of notifyd.
    pub fn database(&self) -> PathBuf {
        self.scratch.join("data/effects.db")
    }

    /// Follows the JMAP stream of `user` with all types.
    pub async fn follow(&self, user: &str) -> Follower {
        self.follow_from(user, None).await
    }

    /// Follows the JMAP stream of `user` with all types, from `cursor` if there is one.
    pub async fn follow_from(&self, user: &str, cursor: Option<&str>) -> Follower {
        self.start_follower("/jmap/eventsource/?types=*&closeafter=no&ping=0", user, cursor).await
    }

    /// Follows the seed's stream of `user`, from `cursor` if there is one.
    pub async fn follow_events(&self, user: &str, cursor: Option<&str>) -> Follower {
        self.start_follower("/events/", user, cursor).await
    }

    async fn start_follower(&self, path: &str, user: &str, cursor: Option<&str>) -> Follower {
        let authorization = self.authorization(user);
        let mut headers = vec![("Authorization", authorization.as_str())];
        headers.extend(cursor.map(|cursor| ("Last-Event-ID", cursor)));
        Follower::start(&self.url(path), &headers).await
    }

    /// Follows the seed's stream of `user` with a signed token instead of a password.
    pub async fn follow_events_by_token(&self, user: &str) -> Follower {
        Follower::start(&self.url("/events/"), &[("Authorization", &token(user))]).await
    }

    /// What a client of `user` presents.
    pub fn authorization(&self, user: &str) -> String {
        let pair = format!("{}:{}", self.cyrus.address(user), cyrus::PASSWORD);
        format!("Basic {}", STANDARD.encode(pair))
    }
}

/// A folder in which every new file belongs to Cyrus' group.
pub(crate) fn folder_for_cyrus(scratch: &Scratch) -> PathBuf {
    let folder = scratch.open_folder("run");
    let status = Command::new("chgrp").arg("mail").arg(&folder).status().expect("chgrp runs");
    assert!(status.success(), "the group mail is Cyrus' on Debian");
    fs::set_permissions(&folder, Permissions::from_mode(0o2775)).expect("the folder is ours");
    folder
}

pub(crate) async fn start_cyrus(plan: Plan, socket: &Path) -> Cyrus {
    let notify = match plan.form {
        Form::Dlist => Notify::Dlist(socket.to_owned()),
        Form::Datagram => Notify::Datagram(socket.to_owned()),
    };
    let builder = Cyrus::builder(notify).profile(plan.profile).separator(plan.separator);
    let without = |option: &str| match plan.profile {
        Profile::Full => option == "notifysocket",
        Profile::NoConversations => matches!(option, "notifysocket" | "conversations"),
    };
    let lines = IMAPD_LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.filter(|line| !without(line.split(':').next().unwrap_or_default()));
    lines.fold(builder, cyrus::Builder::line).start().await
}

fn configuration(plan: Plan, scratch: &Scratch, cyrus: &Cyrus, [pusher, admin]: [u16; 2]) -> String {
    let root = scratch.path().display();
    let form = match plan.form {
        Form::Dlist => "dlist",
        Form::Datagram => "datagram",
    };
    let separator = match plan.separator {
        Separator::Slash => "/",
        Separator::Dot => ".",
    };
    format!(
        r#"
        default_domain = "example.org"
        data = "{root}/data"
        admin.listen = "127.0.0.1:{admin}"
        [relay]
        {form} = "{root}/run/notify"
        # Cyrus runs as a user of its own here, and mailpush as the test's: they meet in Cyrus' group.
        mode = "0660"
        separator = "{separator}"
        spool.folder = "{root}/spool"
        [pusher]
        listen = "127.0.0.1:{pusher}"
        reconcile.window = "{}"
        [[pusher.credentials]]
        jwt = {{ algorithm = "HS256", key = "{TOKEN_KEY}", audience = "{AUDIENCE}" }}
        [[pusher.credentials]]
        upstream = {{ session_url = "{}/jmap/" }}
        [notifyd.smtp]
        host = "127.0.0.1"
        port = {}
        "#,
        plan.reconcile_window,
        cyrus.http(),
        plan.smtp_port,
    )
}

async fn run(scratch: &Scratch, pusher: u16) -> Program {
    let mut program = Program::builder("mailpush")
        .args(["standalone", "--config"])
        .arg(scratch.join("mailpush.toml"))
        .start();
    program.wait_for_port(pusher, PATIENCE).await;
    // relay's socket is the last thing to be there.
    program.wait_for_line("Started", PATIENCE).await;
    program
}

/// A token for `user` that holds for an hour.
fn token(user: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let claims = json!({ "sub": user, "aud": AUDIENCE, "exp": now.as_secs() + 3600 });
    let key = EncodingKey::from_secret(TOKEN_KEY.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("claims can be signed");
    format!("Bearer {token}")
}
