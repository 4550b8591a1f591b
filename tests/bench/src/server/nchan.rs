//! nginx with nchan, told to keep as little as it can: the last message of each channel, as we keep the last state.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{announce, until_input_ends};
use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(10);

pub fn run(folder: &Path, workers: usize) -> Outcome<()> {
    serve(folder, workers, None)
}

/// With a Redis that keeps nothing on disk.
pub fn run_behind_redis(folder: &Path) -> Outcome<()> {
    let address = free_address()?;
    let port = address.port().to_string();
    let mut redis = Command::new("redis-server");
    redis.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--dir"]).arg(folder);
    let mut redis = redis.stdout(Stdio::null()).spawn().map_err(|why| format!("redis-server: {why}"))?;
    until_it_listens(address, &mut redis)?;
    serve(folder, 1, Some(address))?;
    end(redis)
}

fn serve(folder: &Path, workers: usize, redis: Option<SocketAddr>) -> Outcome<()> {
    let address = free_address()?;
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(address, folder, workers, redis))?;
    let mut nginx = Command::new("/usr/sbin/nginx").arg("-c").arg(&file).spawn()?;
    until(&mut nginx, || takes_messages(address))?;
    announce(address, nginx.id());
    until_input_ends();
    end(nginx)
}

/// Given back at once; nothing else on this machine asks for a port in the moment until somebody listens there.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn end(mut server: Child) -> Outcome<()> {
    kill_process(Pid::from_child(&server), Signal::TERM)?;
    server.wait()?;
    Ok(())
}

fn until_it_listens(address: SocketAddr, server: &mut Child) -> Outcome<()> {
    until(server, || TcpStream::connect(address).is_ok())
}

/// nginx listens before it has found Redis, and refuses everything meanwhile.
fn takes_messages(address: SocketAddr) -> bool {
    let request = "POST /pub/4294967295 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let mut answer = [0; b"HTTP/1.1 20".len()];
    let asked = TcpStream::connect(address).and_then(|mut socket| {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(request.as_bytes())?;
        socket.read_exact(&mut answer)
    });
    asked.is_ok() && answer == *b"HTTP/1.1 20"
}

fn until(server: &mut Child, is_ready: impl Fn() -> bool) -> Outcome<()> {
    let began = Instant::now();
    while !is_ready() {
        if server.try_wait()?.is_some() || began.elapsed() > PATIENCE {
            return Err("did not start: are libnginx-mod-nchan and redis-server installed?".into());
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    Ok(())
}

fn configuration(address: SocketAddr, folder: &Path, workers: usize, redis: Option<SocketAddr>) -> String {
    let folder = folder.display();
    let upstream = redis.map(|redis| format!("upstream redis {{ nchan_redis_server redis://{redis}; }}"));
    let (upstream, pass) = (upstream.unwrap_or_default(), redis.map_or("", |_| "nchan_redis_pass redis;"));
    format!(
        "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
worker_processes {workers};
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; use epoll; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 1h;
  keepalive_requests 100000000;
  nchan_shared_memory_size 512M;
  nchan_message_buffer_length 1;
  nchan_message_timeout 1h;
  {upstream}
  server {{
    listen {address} backlog=4096;
    location ~ ^/sub/(\\d+)$ {{
      nchan_subscriber eventsource;
      nchan_subscriber_first_message -1;
      nchan_channel_id $1;
      {pass}
    }}
    location ~ ^/pub/(\\d+)$ {{
      nchan_publisher;
      nchan_channel_id $1;
      {pass}
    }}
  }}
}}
"
    )
}
