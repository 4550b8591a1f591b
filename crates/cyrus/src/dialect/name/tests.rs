use mailbox_event::{MailboxType, Naming};

use crate::{Dialect, Malformed, acl};

fn dialect(separator: char) -> Dialect {
    Dialect { separator, ..Dialect::new(Naming::new("example.org")) }
}

fn said(separator: char, mailbox: &str, acl: Option<&str>) -> String {
    let acl = acl.map(acl::parse);
    let name = dialect(separator).mailbox_name(mailbox, MailboxType::Mail, acl.as_ref()).unwrap();
    let owner = name.owner.as_ref().map_or("shared", |owner| owner.as_str());
    format!("{owner} {:?}", name.path)
}

#[test]
fn names_with_a_slash_are_split() {
    for (mailbox, expected) in [
        ("user/alice", r#"alice@example.org []"#),
        ("user/Alice/Work/2026", r#"alice@example.org ["Work", "2026"]"#),
        ("user/alice/Résumés", r#"alice@example.org ["Résumés"]"#),
        ("user/alice/#calendars/Default", r##"alice@example.org ["#calendars", "Default"]"##),
        ("user/john.doe/a.b", r#"john.doe@example.org ["a.b"]"#),
        ("user/john^doe", r#"john^doe@example.org []"#),
        ("user/erin@example.com", r#"erin@example.com []"#),
        ("user/erin/Plans@example.com", r#"erin@example.com ["Plans"]"#),
        ("user/erin/a@b/Plans@example.com", r#"erin@example.com ["a@b", "Plans"]"#),
        ("user/erin/a@b/Plans", r#"erin@example.org ["a@b", "Plans"]"#),
        ("user/erin/me @ home", r#"erin@example.org ["me @ home"]"#),
        ("user/erin/me@", r#"erin@example.org ["me@"]"#),
        ("Shared/Team", r#"shared ["Shared", "Team"]"#),
        ("Shared/Team@example.com", r#"shared ["Shared", "Team@example.com"]"#),
        ("users/alice", r#"shared ["users", "alice"]"#),
        ("user", r#"shared ["user"]"#),
        ("user/", r#"shared ["user", ""]"#),
        ("", r#"shared []"#),
        ("DELETED/user/alice/Old/65A1B2C3", r#"alice@example.org ["DELETED", "Old", "65A1B2C3"]"#),
        ("DELETED/user/erin/65A1B2C3@example.com", r#"erin@example.com ["DELETED", "65A1B2C3"]"#),
        ("DELETED/Shared/65A1B2C3", r#"shared ["DELETED", "Shared", "65A1B2C3"]"#),
    ] {
        assert_eq!(said('/', mailbox, None), expected, "{mailbox}");
    }
}

#[test]
fn names_with_a_dot_are_split() {
    for (mailbox, expected) in [
        ("user.alice", r#"alice@example.org []"#),
        ("user.alice.Work.2026", r#"alice@example.org ["Work", "2026"]"#),
        ("user.john^doe.a^b", r#"john.doe@example.org ["a^b"]"#),
        ("user.alice.and/or", r#"alice@example.org ["and/or"]"#),
        ("user.erin@example.com", r#"erin@example.com []"#),
        ("user.erin.Plans@example.com", r#"erin@example.com ["Plans"]"#),
        ("user.john^doe.Plans@mail.example.com", r#"john.doe@mail.example.com ["Plans"]"#),
        ("user/alice", r#"shared ["user/alice"]"#),
    ] {
        assert_eq!(said('.', mailbox, None), expected, "{mailbox}");
    }
}

#[test]
fn the_list_tells_a_domain_from_a_folder_with_an_at() {
    let theirs = r#"alice@example.com ["lunch"]"#;
    let ours = r#"alice@example.org ["lunch@example.com"]"#;
    for (acl, expected) in [
        (None, theirs),
        (Some(""), theirs),
        (Some("bob\tlrswipkxtecda\t"), theirs),
        (Some("alice@example.com\tlrswipkxtecda\t"), theirs),
        (Some("alice@example.com\tlrswipkxtecda\talice\tlrswipkxtecda\t"), theirs),
        (Some("alice\tlrs\talice@example.com\tlrswipkxtecda\t"), theirs),
        (Some("alice\tlrswipkxtecda\t"), ours),
        (Some("alice\tlrs\t"), ours),
        (Some("alice@example.com\tlrs\talice\tlrswipkxtecda\t"), ours),
        (Some("alice\tlrswipkxtecda\talice@example.com\tlrswipkxtecda\t"), ours),
    ] {
        assert_eq!(said('/', "user/alice/lunch@example.com", acl), expected, "{acl:?}");
    }
}

/// Names and lists as a real Cyrus 3.6.1 wrote them, for folders that users made.
#[test]
fn names_of_a_real_server_lead_to_their_owners() {
    let all = "lrswipkxtecdan";
    for (separator, mailbox, owner, expected) in [
        ('/', "user/alice/lunch@example.com", "alice", r#"alice@example.org ["lunch@example.com"]"#),
        ('/', "user/alice/a@b", "alice", r#"alice@example.org ["a@b"]"#),
        ('/', "user/alice/dot.ted", "alice", r#"alice@example.org ["dot.ted"]"#),
        ('/', "user/john.doe/Mine", "john.doe", r#"john.doe@example.org ["Mine"]"#),
        ('/', "user/jane.roe@example.com", "jane.roe@example.com", "jane.roe@example.com []"),
        ('/', "user/jane.roe/Mine@example.com", "jane.roe@example.com", r#"jane.roe@example.com ["Mine"]"#),
        (
            '/',
            "user/erin/x@example.org@example.com",
            "erin@example.com",
            r#"erin@example.com ["x@example.org"]"#,
        ),
        ('.', "user.alice.lunch@example.com", "alice", r#"alice@example.org ["lunch@example", "com"]"#),
        ('.', "user.alice.x^y", "alice", r#"alice@example.org ["x^y"]"#),
        ('.', "user.john^doe", "john.doe", "john.doe@example.org []"),
        ('.', "user.jane^roe@example.com", "jane.roe@example.com", "jane.roe@example.com []"),
        ('.', "user.jane^roe.Mine@example.com", "jane.roe@example.com", r#"jane.roe@example.com ["Mine"]"#),
        ('.', "user.erin.x@example@example.com", "erin@example.com", r#"erin@example.com ["x@example"]"#),
        ('.', "Shared.Team", "anyone", r#"shared ["Shared", "Team"]"#),
        ('/', "Team@example.com", "anyone", r#"shared ["Team@example.com"]"#),
    ] {
        assert_eq!(said(separator, mailbox, Some(&format!("{owner}\t{all}\t"))), expected, "{mailbox}");
    }
}

#[test]
fn a_name_without_an_owner_belongs_to_the_one_who_has_all_rights() {
    let acl = acl::parse("alice\tlrswipkxtecdan\tbob\tlrs\t");
    let sieve = dialect('/').mailbox_name("user", MailboxType::Sieve, Some(&acl)).unwrap();
    assert_eq!(sieve.owner.as_ref().unwrap().as_str(), "alice@example.org");
    assert_eq!(sieve.path, ["#sieve"]);
    assert!(!sieve.is_inbox());
    let untyped = dialect('/').mailbox_name("user", MailboxType::Mail, Some(&acl)).unwrap();
    assert!(untyped.owner.is_some() && !untyped.is_inbox());
    let nameless = dialect('/').mailbox_name("", MailboxType::Mail, Some(&acl)).unwrap();
    assert_eq!((nameless.owner, nameless.path.len()), (None, 0));
    let unclear = acl::parse("alice\tlrswipkxtecdan\tbob\tlrswipkxtecda\t");
    assert_eq!(dialect('/').mailbox_name("user", MailboxType::Sieve, Some(&unclear)).unwrap().owner, None);
}

#[test]
fn an_owner_who_is_no_account_is_refused() {
    let name = dialect('/').mailbox_name("user/al ice/x", MailboxType::Mail, None);
    assert_eq!(name, Err(Malformed::NotAnAccount("owner of the mailbox")));
}
