//! The benchmark of streams: mailpush's bus and pusher beside nchan and a bare write(2) loop.
//!
//! `tests/bench/run` does it all and writes `docs/performance.md`. One scenario by hand:
//!
//! ```text
//! bench storm --peer ours --streams 10000              connect storm and memory of idle streams
//! bench load --peer ours --peer nchan --seconds 10     the storm, then 10,000 events/s over 10,000 accounts
//! bench broadcast --peer ours                          one change to 10,000 streams
//! bench slow --peer ours                               100 readers that never read beside live ones
//! bench nats --peer ours-nats                          relay's publishing, reads and interest on a NATS
//! bench mail                                           alarm mail beside a bare lettre loop
//! bench sms                                            text messages beside a bare loop of requests
//! bench relay                                          how long Cyrus waits for relay
//! bench soak --minutes 1                               passes or fails: 1,000 readers that never read
//! ```
//!
//! Without `--peer` every peer is measured, one after the other. Each figure is printed as `metric peer value`;
//! `--save FILE` appends it there, and `bench table FILE` makes the table of the medians.
//!
//! - `server`: the peers, each a process of its own, so that CPU and memory are the server's alone.
//! - `publish`: how events get into a peer. `crowd`: the clients of its streams. `frames`: what they find in them.
//! - `procfs`: what the kernel counts for a process. `scenario`: what is done. `results`, `table`: what comes of it.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod crowd;
mod event;
mod frames;
mod peer;
mod procfs;
mod publish;
mod results;
mod scenario;
mod server;
mod stamps;
mod statistics;
mod table;

use std::{error::Error, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tikv_jemallocator::Jemalloc;

use peer::Peer;
use results::Results;
use scenario::{
    answer::AnswerPlan, broadcast::BroadcastPlan, load::LoadPlan, mail::MailPlan, nats::NatsPlan,
    slow::SlowPlan, sms::SmsPlan, soak::SoakPlan,
};

/// Cheaper than glibc's where one thread frees what another made, as on the way of every message.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Connects all streams at once, then measures the memory of each.
    Storm(Measured<LoadPlan>),
    /// The same, then events at a steady rate: CPU, latency, memory after traffic.
    Load(Measured<LoadPlan>),
    /// One account, many streams.
    Broadcast(Measured<BroadcastPlan>),
    /// Readers that never read beside live ones.
    Slow(Measured<SlowPlan>),
    /// relay's answer time, by its example `answer_time` in the folder of this program.
    Relay(Measured<AnswerPlan>),
    /// On a NATS: relay's publishing beside the client's alone, reads of states, the interest of a node.
    Nats(Measured<NatsPlan>),
    /// Mail: its rate beside a bare lettre loop, its delay, the memory of a backlog.
    Mail(Measured<MailPlan>),
    /// Text messages: their rate beside a bare loop of requests, one user's credit, fitting a text.
    Sms(Measured<SmsPlan>),
    /// Has Twilio's own description judge what is posted to it.
    Judge,
    /// Readers that never read for minutes: memory levels off, nobody is disconnected, all converge.
    Soak(SoakPlan),
    /// Writes the table of what was saved.
    Table(table::TablePlan),
    /// A peer. The scenarios start it.
    Server { peer: Peer, folder: PathBuf },
    /// A process of a peer on NATS. The peer starts it.
    #[command(subcommand)]
    Part(server::Part),
}

#[derive(clap::Args)]
struct Measured<P: clap::Args> {
    /// Which peers; all that the scenario knows, if none is named.
    #[arg(long = "peer")]
    peers: Vec<Peer>,
    /// A file to append figures to.
    #[arg(long)]
    save: Option<PathBuf>,
    #[command(flatten)]
    plan: P,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (**cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn run(command: Command) -> Outcome<()> {
    match command {
        Command::Storm(mut asked) => {
            asked.plan.seconds = 0;
            asked.each(&Peer::ALL, scenario::load::run)
        }
        Command::Load(asked) => asked.each(&Peer::ALL, scenario::load::run),
        Command::Broadcast(asked) => asked.each(&Peer::IN_ONE_PROCESS, scenario::broadcast::run),
        Command::Slow(asked) => asked.each(&Peer::WITH_QUEUES, scenario::slow::run),
        Command::Relay(asked) => asked.each(&[Peer::Ours], scenario::answer::run),
        Command::Nats(asked) => asked.each(&Peer::OF_EACH_NATS, scenario::nats::run),
        Command::Mail(asked) => {
            asked.each(&[Peer::Ours, Peer::OursNats, Peer::OursNatsDebian], scenario::mail::run)
        }
        Command::Sms(asked) => asked.each(&[Peer::Ours, Peer::OursNats], scenario::sms::run),
        Command::Judge => scenario::judge::run(),
        Command::Soak(plan) => scenario::soak::run(&plan),
        Command::Table(plan) => table::run(&plan),
        Command::Server { peer, folder } => server::run(peer, &folder),
        Command::Part(part) => server::run_part(part),
    }
}

impl<P: clap::Args> Measured<P> {
    fn each(&self, all: &[Peer], scenario: fn(&P, Peer, &Results) -> Outcome<()>) -> Outcome<()> {
        let results = Results::new(self.save.clone());
        let peers = if self.peers.is_empty() { all } else { &self.peers };
        peers.iter().try_for_each(|peer| scenario(&self.plan, *peer, &results))
    }
}
