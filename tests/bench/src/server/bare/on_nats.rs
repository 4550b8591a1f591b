//! The floor behind a NATS: one subscription to every live message, and one write(2) per message and stream.
//!
//! Streams come on a thread of their own. What is written is written by the task that hears it.

use std::{
    net::TcpListener,
    sync::{Mutex, PoisonError},
};

use futures_util::StreamExt;
use mailbox_event::codec;
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
};
use state::{AccountState, Counter};

use super::{AT_ONCE, Connections, LISTENER, listen};
use crate::{Outcome, event::Event, peer::account_of};

/// Serves streams of the installation `prefix` on the NATS at `url`, and says where.
pub fn on_nats(url: &str, prefix: &str) -> Outcome<()> {
    let connections: &Mutex<Connections> = Box::leak(Box::default());
    let listener = listen()?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(move || {
        if let Err(error) = accept(&listener, connections) {
            eprintln!("the bare loop accepts no more: {error}");
            std::process::exit(1);
        }
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(hear(
        url,
        prefix,
        connections,
    ))
}

async fn hear(url: &str, prefix: &str, connections: &Mutex<Connections>) -> Outcome<()> {
    let client = async_nats::connect(url).await?;
    let mut messages = client.subscribe(format!("{prefix}.live.>")).await?;
    while let Some(message) = messages.next().await {
        let state: AccountState = codec::decode(&message.payload)?;
        let Some(account) = account_of(state.account.as_str()) else { continue };
        if let Some(modseq) = state.modseq(Counter::Mail) {
            lock(connections).tell(Event { account, modseq: modseq.0 });
        }
    }
    Err("the client ended".into())
}

fn accept(listener: &TcpListener, connections: &Mutex<Connections>) -> Outcome<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut ready = Vec::with_capacity(AT_ONCE);
    loop {
        epoll::wait(&epoll, spare_capacity(&mut ready), None)?;
        for event in ready.drain(..) {
            match event.data.u64() {
                LISTENER => lock(connections).accept(listener, &epoll)?,
                index => lock(connections).read(usize::try_from(index)?)?,
            }
        }
    }
}

fn lock(connections: &Mutex<Connections>) -> std::sync::MutexGuard<'_, Connections> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}
