use std::{
    sync::{
        MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use bus::{KeyListener, Message, Topic};
use bus_local::{LocalBus, LocalBusSettings};
use futures_util::FutureExt;
use kit::{backoff::Backoff, drain::Drain};
use mailbox_event::{Account, AccountToken, EventId, Modseq, RelayId, codec};
use prometheus_client::registry::Registry;
use socket2::SockRef;
use state::{AccountState, Counter};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;
use crate::{
    encode::Encoding,
    hub::{Channel, Hub},
    request::StreamRequest,
    stream::{EventBody, Owner, Stream, Timing},
    telemetry::Telemetry,
};

const ACCOUNT: AccountToken = AccountToken([7; 16]);
const PATIENCE: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// A hub, and a client's end of each line.
struct Scene {
    hub: Arc<Hub>,
    telemetry: Arc<Telemetry>,
}

/// A line of a stream that has nothing to say, and what counts how often its task was woken.
struct Open {
    line: Arc<Line>,
    client: TcpStream,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Scene {
    fn new() -> Self {
        let telemetry = Arc::new(Telemetry::new(&mut Registry::default()));
        let bus = Arc::new(LocalBus::in_memory(LocalBusSettings::default()).unwrap());
        let backoff = Backoff::new(SECOND, SECOND).unwrap();
        Self { hub: Hub::new(bus, 10, backoff, Drain::new(), telemetry.clone()), telemetry }
    }

    /// A stream of the account, up to its first silence.
    async fn open(&self, close_after_state: bool) -> Open {
        let subscription = self.hub.join(ACCOUNT).unwrap();
        self.channel().loaded().await;
        let now = Instant::now();
        let timing = Timing { heartbeat: LONG, retry: SECOND, leaving_retry: SECOND, until: now + LONG };
        let owner = Owner { account: ACCOUNT, account_id: "alice".into() };
        let encoding = Encoding::Events;
        let request = StreamRequest { encoding, close_after_state, ping: None, last_event_id: None };
        let stream = Stream::new(&request, owner, timing, now);
        let events = Box::new(EventBody::new(stream, subscription, self.telemetry.clone()));
        let (socket, client) = sockets().await;
        let line = Line::open(Delivery::new(socket, "head\n".into(), events, 0));
        let mut open = Open { line, client, wakes: Arc::default() };
        assert!(open.poll().is_pending());
        open.read_until("the state is not known yet\n\n").await;
        open
    }

    fn channel(&self) -> Arc<Channel> {
        self.hub.channel(ACCOUNT).unwrap()
    }

    async fn hear(&self, modseq: u64) {
        hear(&self.channel(), modseq).await;
    }
}

async fn hear(channel: &Channel, modseq: u64) {
    let mut state = AccountState::new(Account::parse("alice@example.org").unwrap());
    state.vector.raise(Counter::Mail, Modseq(modseq));
    let payload = codec::encode(&state, codec::Form::MessagePack).unwrap().into();
    let id = EventId { relay: RelayId(1), sequence: modseq };
    channel.hear(Arc::new(Message { id, topic: Topic::State(ACCOUNT), payload })).await.unwrap();
}

/// The server's end, which buffers little, and the client's.
async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    SockRef::from(&socket).set_send_buffer_size(4096).unwrap();
    SockRef::from(&client).set_recv_buffer_size(4096).unwrap();
    (socket, client)
}

impl Open {
    /// Has the stream's task look, which else it never does.
    fn poll(&self) -> Poll<()> {
        let waker = Waker::from(self.wakes.clone());
        self.line.poll_delivery(&mut Context::from_waker(&waker))
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    fn hold(&self) -> MutexGuard<'_, Delivery> {
        self.line.0.lock().unwrap()
    }

    async fn read_until(&mut self, end: &str) -> String {
        read_until(&mut self.client, end).await
    }
}

async fn read_until(client: &mut TcpStream, end: &str) -> String {
    let (mut text, mut buffer) = (String::new(), vec![0; 4096]);
    while !text.ends_with(end) {
        let read = timeout(PATIENCE, client.read(&mut buffer)).await.expect(&text).unwrap();
        assert_ne!(read, 0, "the stream is over after {text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    text
}

fn last(modseq: u64) -> String {
    format!("\"mailModSeq\":{modseq}}}\n\n")
}

/// The numbers that were told; each frame must be whole.
fn modseqs(text: &str) -> Vec<u64> {
    let frames = text.strip_suffix("\n\n").unwrap().split("\n\n");
    let number = |frame: &str| {
        assert!(frame.starts_with("event: push\nid: "), "{frame}");
        frame.split_once("{\"mailModSeq\":").unwrap().1.strip_suffix('}').unwrap().parse().unwrap()
    };
    frames.map(number).collect()
}

fn assert_rises(modseqs: &[u64]) {
    assert!(modseqs.is_sorted_by(|one, next| one < next), "{modseqs:?}");
}

#[tokio::test]
async fn an_only_stream_is_written_to_while_its_task_sleeps() {
    let scene = Scene::new();
    let mut open = scene.open(false).await;
    let wakes = open.wakes();
    for modseq in 1..=3 {
        scene.hear(modseq).await;
        assert_eq!(modseqs(&open.read_until(&last(modseq)).await), [modseq]);
    }
    assert_eq!(open.wakes(), wakes);
    // Nothing is told again by the task.
    assert!(open.poll().is_pending());
    scene.hear(4).await;
    assert_eq!(modseqs(&open.read_until(&last(4)).await), [4]);
}

#[tokio::test]
async fn what_a_full_socket_does_not_take_is_left_to_the_task() {
    let scene = Scene::new();
    let mut open = scene.open(false).await;
    let wakes = open.wakes();
    let mut modseq = 0;
    while open.wakes() == wakes {
        modseq += 1;
        scene.hear(modseq).await;
    }
    assert!(!open.hold().tell(), "a frame in part is not followed by others");
    scene.hear(modseq + 1).await;
    scene.hear(modseq + 2).await;
    let end = last(modseq + 2);
    let delivering = tokio::spawn(open.line.clone().deliver());
    let told = modseqs(&open.read_until(&end).await);
    let expected: Vec<u64> = (1..=modseq).chain([modseq + 2]).collect();
    assert_eq!(told, expected, "the last but one is merged into the last");
    delivering.abort();
}

#[tokio::test]
async fn news_that_come_while_the_task_has_the_line_wake_it() {
    let scene = Scene::new();
    let mut open = scene.open(false).await;
    let wakes = open.wakes();
    let held = open.hold();
    hear(&scene.channel(), 1).now_or_never().expect("who hears waits for nobody");
    drop(held);
    assert!(open.wakes() > wakes);
    assert!(open.poll().is_pending());
    assert_eq!(modseqs(&open.read_until(&last(1)).await), [1]);
}

#[tokio::test]
async fn of_two_streams_both_are_woken_and_the_one_that_stays_hears_on() {
    let scene = Scene::new();
    let (mut first, mut second) = (scene.open(false).await, scene.open(false).await);
    let wakes = (first.wakes(), second.wakes());
    scene.hear(1).await;
    assert!(first.wakes() > wakes.0 && second.wakes() > wakes.1);
    for open in [&mut first, &mut second] {
        assert!(open.poll().is_pending());
        assert_eq!(modseqs(&open.read_until(&last(1)).await), [1]);
    }
    drop(second);
    // The outlet was that of the newest.
    let wakes = first.wakes();
    scene.hear(2).await;
    assert!(first.wakes() > wakes);
    assert!(first.poll().is_pending());
    assert_eq!(modseqs(&first.read_until(&last(2)).await), [2]);
}

#[tokio::test]
async fn the_task_ends_a_stream_that_said_its_last_by_the_short_way() {
    let scene = Scene::new();
    let mut open = scene.open(true).await;
    let wakes = open.wakes();
    scene.hear(1).await;
    assert_eq!(modseqs(&open.read_until(&last(1)).await), [1]);
    assert!(open.wakes() > wakes);
    assert!(open.poll().is_ready());
}

#[tokio::test]
async fn a_client_that_is_gone_is_found_gone_by_the_task() {
    let scene = Scene::new();
    let Open { line, client, .. } = scene.open(false).await;
    let delivering = tokio::spawn(line.clone().deliver());
    drop(client);
    scene.hear(1).await;
    scene.hear(2).await;
    timeout(PATIENCE, delivering).await.unwrap().unwrap();
    assert!(!line.tell());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn states_heard_at_the_same_time_never_go_backwards_and_the_last_comes() {
    const TELLERS: u64 = 4;
    const EACH: u64 = 2_000;
    let scene = Scene::new();
    let mut open = scene.open(false).await;
    let delivering = tokio::spawn(open.line.clone().deliver());
    let telling: Vec<_> = (1..=TELLERS)
        .map(|teller| {
            let channel = scene.channel();
            tokio::spawn(async move {
                for round in 0..EACH {
                    hear(&channel, round * TELLERS + teller).await;
                }
            })
        })
        .collect();
    let told = modseqs(&open.read_until(&last(TELLERS * EACH)).await);
    assert_rises(&told);
    for teller in telling {
        teller.await.unwrap();
    }
    delivering.abort();
}

/// An outlet that fails as no outlet should.
struct Broken;

impl Outlet for Broken {
    fn tell(&self) -> bool {
        panic!("an outlet that is broken")
    }
}

#[tokio::test]
async fn a_panic_on_the_short_way_wakes_the_streams_task() {
    let scene = Scene::new();
    let open = scene.open(false).await;
    let broken: Arc<dyn Outlet> = Arc::new(Broken);
    scene.channel().lead_to(Arc::downgrade(&broken));
    let heard = std::panic::AssertUnwindSafe(scene.hear(7)).catch_unwind().await;
    assert!(heard.is_err());
    assert!(open.wakes() > 0, "the news waits for the next sign of life");
}
