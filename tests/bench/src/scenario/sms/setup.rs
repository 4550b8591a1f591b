//! Users with credit and telephones, their notifications, and the notifyd that sends them.

use fakes::sms::{GatewaySettings, SmsGateway};
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::UnixMillis;
use store::{Credit, Store};

use super::jobs;
use crate::{
    Outcome,
    peer::Peer,
    scenario::place::Place,
    server::{Helper, texter},
};

/// Grants at a time.
const AT_ONCE: usize = 8;

/// A backlog that waits.
pub struct Setup {
    place: Place,
    store: Store,
    users: usize,
    texts: usize,
}

/// What a sender said of itself.
pub struct Rate {
    /// In a second.
    pub texts: f64,
    /// Microseconds of each.
    pub cpu: f64,
}

/// The project's own gateway, in this process.
pub async fn gateway() -> Outcome<SmsGateway> {
    let settings = GatewaySettings { kept: 100, connections: 1_024, ..GatewaySettings::default() };
    Ok(SmsGateway::start("127.0.0.1:0".parse()?, settings).await?)
}

impl Setup {
    /// So many notifications of so many users, each with that credit.
    pub async fn new(peer: Peer, texts: usize, users: usize, credit: usize) -> Outcome<Self> {
        let place = Place::new(peer).await?;
        texter::make_known(&place.bus, &place.database).await?;
        let store = Store::open(&store::Settings::at(place.database.clone()), "/nowhere".as_ref()).await?;
        let rows: Vec<String> = (0..users)
            .map(|user| Ok(format!("('{}', '{}')", jobs::account(user)?.as_str(), jobs::number(user))))
            .collect::<Outcome<_>>()?;
        place.by_hand(&format!(
            "INSERT INTO recipient_numbers (user_id, number) VALUES {};",
            rows.join(", ")
        ))?;
        let grants = (0..users).map(|user| {
            let store = &store;
            async move {
                let (account, reference) = (jobs::account(user)?, format!("start {user}"));
                let now = UnixMillis(kit::clock::unix_millis());
                Outcome::Ok(store.grant(&account, i64::try_from(credit)?, &reference, now).await?)
            }
        });
        stream::iter(grants).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let bus = place.open_bus().await?;
        jobs::dispatch(&bus, texts, users).await?;
        drop(bus);
        Ok(Self { place, store, users, texts })
    }

    /// Has notifyd send it all.
    pub fn send(&self, gateway: &str, at_a_time: usize) -> Outcome<Rate> {
        let numbers = [at_a_time.to_string(), self.texts.to_string()];
        let Place { bus, database, .. } = &self.place;
        rate(Helper::start(&["part", "texter", bus, database, gateway, &numbers[0], &numbers[1]], None)?)
    }

    /// Fails unless the entries add up to everybody's credit, none of it held, and that of all together is `left`.
    pub async fn check(&self, left: u64) -> Outcome<()> {
        let mut sum = Credit::default();
        for user in 0..self.users {
            let credit = self.store.credit(&jobs::account(user)?).await?;
            (sum.available, sum.reserved) =
                (sum.available + credit.available, sum.reserved + credit.reserved);
        }
        if self.store.audit().await? > 0 || (sum.available, sum.reserved) != (left, 0) {
            return Err(format!("the ledger is wrong: {sum:?} where {left} should be left").into());
        }
        Ok(())
    }
}

/// What a process says of itself at its end.
pub fn rate(done: Helper) -> Outcome<Rate> {
    let (texts, cpu) = done.said().split_once(' ').ok_or("the sender said nothing")?;
    Ok(Rate { texts: texts.parse()?, cpu: cpu.parse()? })
}
