mod joins;
mod lives;
mod numbers;
mod server;
mod sharing;
