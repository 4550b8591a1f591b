mod following;
mod joins;
mod lives;
mod numbers;
mod orders;
mod server;
mod sharing;
