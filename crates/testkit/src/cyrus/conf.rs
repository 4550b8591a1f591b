//! The two configuration files of a server.

use std::fs;
use std::path::PathBuf;

use super::{Builder, Ports};
use crate::Scratch;

/// The folders that Cyrus wants to find.
const FOLDERS: [&str; 15] = [
    "spool",
    "sieve",
    "proc",
    "lock",
    "sock",
    "conf/db",
    "conf/log",
    "conf/msg",
    "conf/user",
    "conf/quota",
    "conf/lock",
    "conf/proc",
    "conf/socket",
    "conf/ptclient",
    "conf/backup",
];

/// Every parameter that is safe together with the groups below on 3.6.1.
///
/// `bodyStructure` and `vnd.fastmail.jmapEmail` are left out: they are reported to abort lmtpd.
const PARAMETERS: &str = "timestamp clientAddress diskUsed flagNames messageSize messages modseq service uidnext \
    vnd.cmu.midset vnd.cmu.unseenMessages vnd.cmu.envelope vnd.cmu.sessionId vnd.cmu.mailboxACL vnd.cmu.mbtype \
    vnd.cmu.davFilename vnd.cmu.davUid vnd.fastmail.clientId vnd.fastmail.sessionId vnd.fastmail.convExists \
    vnd.fastmail.convUnseen vnd.fastmail.cid vnd.fastmail.counters vnd.fastmail.jmapStates vnd.cmu.emailid \
    vnd.cmu.threadid";

/// The form of the notifications, and the socket they go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notify {
    /// One datagram each: Cyrus' default form.
    Datagram(PathBuf),
    /// One stream connection each, which waits for an answer.
    Dlist(PathBuf),
}

/// Which notifications the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Conversations, the groups that are safe with counters, and every safe parameter.
    Full,
    /// The same without conversations: counters are all zero, and there is no JMAP.
    NoConversations,
}

/// What stands between folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `unixhierarchysep: yes`, `user/alice/Plans`.
    Slash,
    /// `unixhierarchysep: no`, `user.alice.Plans`.
    Dot,
}

/// Makes the folders and writes `conf/imapd.conf` and `conf/cyrus.conf`.
pub(super) fn write(scratch: &Scratch, builder: &Builder, ports: Ports) {
    for folder in FOLDERS {
        fs::create_dir_all(scratch.join(folder)).expect("the scratch folder is ours");
    }
    let write = |name, text| fs::write(scratch.join(name), text).expect("the scratch folder is ours");
    write("conf/imapd.conf", imapd_conf(scratch, builder));
    write("conf/cyrus.conf", cyrus_conf(scratch, ports));
}

fn imapd_conf(scratch: &Scratch, builder: &Builder) -> String {
    let mut lines = storage(scratch);
    lines.extend(identity(scratch, builder));
    lines.extend(notifications(builder));
    for line in &builder.lines {
        let option = line.split(':').next().unwrap_or_default();
        lines.retain(|old| old.split(':').next() != Some(option));
        lines.push(line.clone());
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn storage(scratch: &Scratch) -> Vec<String> {
    let root = scratch.path().display();
    vec![
        format!("configdirectory: {root}/conf"),
        format!("proc_path: {root}/proc"),
        format!("mboxname_lockpath: {root}/lock"),
        "defaultpartition: default".to_owned(),
        format!("partition-default: {root}/spool"),
        format!("sievedir: {root}/sieve"),
        "hashimapspool: yes".to_owned(),
        format!("lmtpsocket: {root}/sock/lmtp"),
        format!("idlesocket: {root}/sock/idle"),
    ]
}

fn identity(scratch: &Scratch, builder: &Builder) -> Vec<String> {
    let domain = &builder.default_domain;
    let slash = if builder.separator == Separator::Slash { "yes" } else { "no" };
    vec![
        format!("servername: imap1.{domain}"),
        format!("defaultdomain: {domain}"),
        "virtdomains: userid".to_owned(),
        "crossdomains: yes".to_owned(),
        "altnamespace: yes".to_owned(),
        format!("unixhierarchysep: {slash}"),
        "reverseacls: yes".to_owned(),
        "admins: cyrus".to_owned(),
        "sasl_pwcheck_method: auxprop".to_owned(),
        "sasl_auxprop_plugin: sasldb".to_owned(),
        format!("sasl_sasldb_path: {}/conf/sasldb2", scratch.path().display()),
        "sasl_mech_list: PLAIN LOGIN".to_owned(),
        "allowplaintext: yes".to_owned(),
        "autocreate_quota: 100000".to_owned(), // Any number at all makes the first login create the mailbox.
        "autocreate_post: yes".to_owned(),
        "httpmodules: caldav carddav jmap".to_owned(),
        "jmap_nonstandard_extensions: yes".to_owned(),
        "caldav_allowscheduling: on".to_owned(),
        format!("calendar_user_address_set: {domain} example.com"),
    ]
}

fn notifications(builder: &Builder) -> Vec<String> {
    let socket = match &builder.notify {
        Notify::Datagram(path) => path.display().to_string(),
        Notify::Dlist(path) => format!("dlist:{}", path.display()),
    };
    let mut lines = vec![
        format!("notifysocket: {socket}"),
        "event_notifier: pusher".to_owned(),
        "sievenotifier: pusher".to_owned(),
        "mailnotifier: pusher".to_owned(),
        "event_groups: message flags mailbox calendar applepushservice".to_owned(),
        format!("event_extra_params: {PARAMETERS}"),
        "calendar_minimum_alarm_interval: 10".to_owned(),
        "aps_topic: com.apple.mail.XServer.example".to_owned(),
        "aps_topic_caldav: com.apple.calendar.XServer.example".to_owned(),
        "aps_topic_carddav: com.apple.contact.XServer.example".to_owned(),
    ];
    if builder.profile == Profile::Full {
        lines.extend(["conversations: yes".to_owned(), "conversations_db: twoskip".to_owned()]);
    }
    lines
}

fn cyrus_conf(scratch: &Scratch, ports: Ports) -> String {
    let conf = format!("-C {}", scratch.join("conf/imapd.conf").display());
    let Ports { imap, http, lmtp, sieve } = ports;
    format!(
        "START {{\n  recover cmd=\"ctl_cyrusdb {conf} -r\"\n}}\n\
         SERVICES {{\n\
         \x20 imap cmd=\"imapd {conf} -U 30\" listen=\"127.0.0.1:{imap}\" prefork=0\n\
         \x20 http cmd=\"httpd {conf} -U 30\" listen=\"127.0.0.1:{http}\" prefork=0\n\
         \x20 lmtp cmd=\"lmtpd {conf} -a\" listen=\"127.0.0.1:{lmtp}\" prefork=0\n\
         \x20 sieve cmd=\"timsieved {conf}\" listen=\"127.0.0.1:{sieve}\" prefork=0\n}}\n\
         EVENTS {{\n  checkpoint cmd=\"ctl_cyrusdb {conf} -c\" period=30\n}}\n\
         DAEMON {{\n  calalarmd cmd=\"calalarmd {conf}\"\n  idled cmd=\"idled {conf}\"\n}}\n"
    )
}
