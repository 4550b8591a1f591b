//! Mails that are under way at the same time share statements, and nothing else.

use futures_util::future::join_all;
use store::{
    Addressee, Effect, EffectKey, EffectKind, End, EventKey, MuteScope, MutedBy, Reader, RecipientKey,
};
use testkit::postgres::Postgres;

use crate::fixture::{Fixture, NOW, account, beginning, on_both};

on_both! {
    many_at_a_time_go_their_ways_like_one,
    what_is_refused_for_one_row_is_done_for_the_others,
    one_key_that_many_ask_for_at_a_time_is_one_row,
    each_addressee_is_told_for_itself,
}

/// More than go into a statement.
const MANY: usize = 100;

fn key(number: usize) -> EffectKey {
    EffectKey::of(&[&number.to_string()])
}

fn message_id(number: usize) -> String {
    format!("<{number}@example.org>")
}

async fn many_at_a_time_go_their_ways_like_one(fixture: Fixture) {
    let store = fixture.open().await;
    let plan = |number| {
        let store = store.clone();
        async move { store.plan(&key(number), EffectKind::AlarmMail, &message_id(number), NOW).await.unwrap() }
    };
    let sent = join_all((0..MANY).map(async |number| {
        let Effect::Planned(planned) = plan(number).await else { panic!("{number} is not planned") };
        assert_eq!(planned.message_id(), message_id(number));
        let sending = planned.begin(beginning(), NOW).await.unwrap();
        match number % 3 {
            0 => sending.end(End::Sent).write(NOW).await.unwrap(),
            1 => sending.end(End::PutOff).write(NOW).await.unwrap(),
            _ => drop(sending),
        }
    }));
    sent.await;
    for (number, effect) in join_all((0..MANY).map(plan)).await.into_iter().enumerate() {
        match (number % 3, effect) {
            (0, Effect::Over(_)) => {}
            (1, Effect::Planned(planned)) => assert_eq!(planned.message_id(), message_id(number)),
            (2, Effect::Interrupted(begun)) => assert_eq!(begun.message_id(), message_id(number)),
            (_, effect) => panic!("{number} is {effect:?}"),
        }
    }
}

async fn what_is_refused_for_one_row_is_done_for_the_others(fixture: Fixture) {
    fixture.open().await.close().await;
    fixture.by_hand("CREATE UNIQUE INDEX one_each ON effects (message_id);").await;
    let store = fixture.open().await;
    let plans = (0..MANY).map(|number| {
        let (store, key, same) = (store.clone(), key(number), number % 10 == 7);
        let message_id = message_id(if same { 7 } else { number });
        async move { store.plan(&key, EffectKind::AlarmMail, &message_id, NOW).await.is_ok() }
    });
    let planned = join_all(plans).await;
    assert_eq!(planned.iter().filter(|is_planned| !**is_planned).count(), MANY / 10 - 1);
    assert!(planned.iter().enumerate().all(|(number, is_planned)| *is_planned || number % 10 == 7));
}

async fn one_key_that_many_ask_for_at_a_time_is_one_row(fixture: Fixture) {
    let store = fixture.open().await;
    let begun = join_all((0..MANY).map(async |number| {
        let effect = store.plan(&key(0), EffectKind::AlarmMail, &message_id(number), NOW).await.unwrap();
        match effect {
            Effect::Planned(planned) => planned.begin(beginning(), NOW).await.is_ok(),
            Effect::Interrupted(_) | Effect::Over(_) => false,
        }
    }));
    assert_eq!(begun.await.into_iter().filter(|is_begun| *is_begun).count(), 1);
}

async fn each_addressee_is_told_for_itself(fixture: Fixture) {
    let store = fixture.open().await;
    fixture
        .by_hand(
            "INSERT INTO recipients (user_id, language) VALUES ('user-3@example.org', 'pl'), ('four', 'ja');
             INSERT INTO recipient_addresses (address, user_id) VALUES ('user-4@example.org', 'four');",
        )
        .await;
    let recipient = |number: usize| RecipientKey::of(&account(&format!("user-{number}@example.org")));
    let event = |number: usize| EventKey::of(&account("alice@example.org"), &number.to_string());
    store.mute(&recipient(5), MuteScope::AllAlarms, MutedBy::Page, NOW).await.unwrap();
    store.mute(&recipient(6), MuteScope::Event(event(6)), MutedBy::Page, NOW).await.unwrap();
    store.mute(&recipient(7), MuteScope::Event(event(6)), MutedBy::Page, NOW).await.unwrap();
    let asked = join_all((0..MANY).map(async |number| {
        let (address, muting) =
            (account(&format!("user-{number}@example.org")), (recipient(number), event(number)));
        store.addressee(&address, Some((&muting.0, &muting.1))).await.unwrap()
    }));
    for (number, addressee) in asked.await.into_iter().enumerate() {
        let language =
            [(3, "pl"), (4, "ja")].iter().find(|(of, _)| *of == number).map(|(_, name)| (*name).to_owned());
        let reader = language.map(|name| Reader { language: Some(name), ..Reader::default() });
        assert_eq!(addressee, Addressee { reader, is_muted: [5, 6].contains(&number) }, "{number}");
    }
    let unmutable = store.addressee(&account("user-5@example.org"), None).await.unwrap();
    assert!(!unmutable.is_muted, "what cannot be muted");
}

/// What the server's own count says, statement by statement, of the rows that each changed.
const COUNTED: &str = "CREATE TABLE statements (rows BIGINT);
    CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO statements SELECT COUNT(*) FROM changed; RETURN NULL; END';
    CREATE TRIGGER made AFTER INSERT ON effects REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_rows();
    CREATE TRIGGER moved AFTER UPDATE ON effects REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_rows();";

#[tokio::test]
async fn mails_at_the_same_time_share_statements_on_the_server() {
    let server = Postgres::shared().await;
    let fixture = Fixture::Postgres { name: server.database(), server: server.clone() };
    let store = fixture.open().await;
    fixture.by_hand(COUNTED).await;
    let anybody = account("anybody@example.org");
    let sent = join_all((0..MANY).map(async |number| {
        let id = message_id(number);
        let looked = store.look(&key(number), EffectKind::AlarmMail, &id, &anybody, None).await;
        let (Effect::Planned(planned), _) = looked.unwrap() else { panic!("{number} is not planned") };
        planned.begin(beginning(), NOW).await.unwrap().end(End::Sent).write(NOW).await.unwrap();
    }));
    sent.await;
    let Fixture::Postgres { name, .. } = &fixture else { panic!("it is one of PostgreSQL's") };
    let counted = server.rows(name, "SELECT SUM(rows), COUNT(*), MIN(rows) FROM statements");
    let numbers: Vec<usize> = counted[0].split('|').map(|number| number.parse().unwrap()).collect();
    let (rows, statements) = (numbers[0], numbers[1]);
    assert_eq!(
        (rows, numbers[2] > 0),
        (2 * MANY, true),
        "each mail begins and ends, and no statement is for nothing"
    );
    assert!(statements * 4 <= rows, "{statements} statements for {rows} rows");
}
