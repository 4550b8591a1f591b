//! Mails per second, of a backlog that waits for notifyd and of a loop that has nothing else to do.

use std::{fs, path::Path};

use super::{MailPlan, jobs, servers};
use crate::{Outcome, peer::Peer, procfs::Family, results::Results, scenario::place::Place, server::Helper};

/// A server that takes mail.
struct Server {
    name: &'static str,
    address: String,
    process: u32,
}

/// Measures both against each server, in turn.
pub async fn run(plan: &MailPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mail = folder.path().join("mail");
    let sink = servers::sink().await?;
    let fake = Server { name: "fake", address: sink.local_addr().to_string(), process: std::process::id() };
    notifyd(plan, peer, &fake, 1).await?;
    let octets = sink.mails().pop().ok_or("notifyd sent no mail")?.octets.clone();
    fs::write(&mail, octets)?;
    against(&fake, plan, peer, &mail, results).await?;
    drop(sink);
    let aiosmtpd = servers::Aiosmtpd::start()?;
    let (address, process) = (aiosmtpd.address.to_string(), aiosmtpd.id());
    against(&Server { name: "aiosmtpd", address, process }, plan, peer, &mail, results).await
}

async fn against(
    server: &Server,
    plan: &MailPlan,
    peer: Peer,
    mail: &Path,
    results: &Results,
) -> Outcome<()> {
    let name = |what| format!("mail_{}_{what}", server.name);
    for _ in 0..plan.rounds {
        let address = &server.address;
        let (pool, bare) = (bare("pool", plan, address, mail)?, bare("nodelay", plan, address, mail)?);
        let (ours, beside) = notifyd(plan, peer, server, plan.mails).await?;
        for (whose, rate) in [(Peer::Bare, &bare), (peer, &ours)] {
            results.add(&name("rate"), whose, rate.mails)?;
            results.add(&name("cpu_us"), whose, rate.cpu)?;
        }
        for (what, cpu) in beside {
            results.add(&name(what), peer, cpu)?;
        }
        results.add(&name("part"), peer, ours.mails / bare.mails * 100.0)?;
        results.add(&name("pool_rate"), Peer::Bare, pool.mails)?;
        results.add(&name("pool_part"), peer, ours.mails / pool.mails * 100.0)?;
    }
    Ok(())
}

/// What a sender said of itself.
struct Rate {
    /// In a second.
    mails: f64,
    /// Microseconds of each.
    cpu: f64,
}

/// Microseconds of CPU of each mail, by what has them.
type Beside = Vec<(&'static str, f64)>;

/// Mails per second from a backlog on the bus to the server's answer and the ledger's last word; and what the servers had
/// to do for that, with the start of notifyd.
async fn notifyd(plan: &MailPlan, peer: Peer, server: &Server, mails: usize) -> Outcome<(Rate, Beside)> {
    let place = Place::new(peer).await?;
    let bus = place.bus().await?;
    jobs::dispatch(&bus, mails).await?;
    drop(bus);
    let servers = [
        ("nats_cpu_us", place.nats()),
        ("postgres_cpu_us", place.postgres()),
        ("server_cpu_us", Some(server.process)),
    ];
    // Those that it started are looked at anew each time: PostgreSQL has a process for each connection. Of this process,
    // which is the fake, only itself: notifyd and the others are its children.
    let family =
        |process| if process == std::process::id() { Family::alone(process) } else { Family::of(process) };
    let used = || {
        let running = servers.into_iter().filter_map(|(name, process)| Some((name, process?)));
        running.map(|(name, process)| Ok((name, family(process).cpu()?.total()))).collect::<Outcome<Vec<_>>>()
    };
    let before = used()?;
    let notifyd = place.notifyd(&server.address, plan.at_a_time, plan.connections, mails)?;
    let spent = used()?.into_iter().zip(before).map(|((name, after), (_, before))| {
        (name, after.saturating_sub(before) as f64 / 1e3 / mails.max(1) as f64)
    });
    Ok((rate(notifyd)?, spent.collect()))
}

fn bare(how: &str, plan: &MailPlan, smtp: &str, mail: &Path) -> Outcome<Rate> {
    // The pool needs 40 ms for a mail.
    let mails = if how == "pool" { plan.mails.div_ceil(10) } else { plan.mails };
    let numbers = [plan.connections.to_string(), mails.to_string()];
    rate(Helper::start(&["part", "lettre", how, smtp, &numbers[0], &numbers[1]], Some(mail))?)
}

fn rate(done: Helper) -> Outcome<Rate> {
    let (mails, cpu) = done.said().split_once(' ').ok_or("the sender said nothing")?;
    Ok(Rate { mails: mails.parse()?, cpu: cpu.parse()? })
}
