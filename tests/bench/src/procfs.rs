//! What the kernel counts: CPU by thread, memory, buffers of sockets.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, process::Command};

use crate::Outcome;

/// CPU time by the name of the thread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cpu(BTreeMap<String, u64>);

/// A process with all that it started.
#[derive(Debug, Clone)]
pub struct Family {
    processes: Vec<u32>,
}

impl Family {
    /// `root` and its descendants as they are now.
    pub fn of(root: u32) -> Self {
        let (mut processes, mut next) = (vec![root], 0);
        while let Some(&process) = processes.get(next) {
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
            processes
                .extend(children.unwrap_or_default().split(' ').filter_map(|one| one.parse::<u32>().ok()));
            next += 1;
        }
        Self { processes }
    }

    /// A process without those that it started.
    pub fn alone(process: u32) -> Self {
        Self { processes: vec![process] }
    }

    /// CPU time of the threads that live.
    pub fn cpu(&self) -> Outcome<Cpu> {
        let mut cpu = Cpu::default();
        for process in &self.processes {
            for task in fs::read_dir(format!("/proc/{process}/task"))? {
                cpu.add(&task?.path());
            }
        }
        Ok(cpu)
    }

    /// Octets of memory, shared ones by share, without mapped files: code and libraries are not the streams'.
    pub fn memory(&self) -> Outcome<u64> {
        let mut sum = 0;
        for process in &self.processes {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
            sum += ["Pss_Anon:", "Pss_Shmem:"].iter().map(|name| kibibytes(&text, name) << 10).sum::<u64>();
        }
        Ok(sum)
    }
}

impl Cpu {
    /// Of all threads, in nanoseconds.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Of the threads with this name, in nanoseconds.
    pub fn of_thread(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// What was used from `before` to now.
    pub fn since(&self, before: &Self) -> Self {
        let used =
            |(name, value): (&String, &u64)| (name.clone(), value.saturating_sub(before.of_thread(name)));
        Self(self.0.iter().map(used).collect())
    }

    /// A thread that ended meanwhile counts nothing.
    fn add(&mut self, task: &Path) {
        let read = |file| fs::read_to_string(task.join(file)).ok();
        let (Some(name), Some(times)) = (read("comm"), read("schedstat")) else { return };
        let running = times.split(' ').next().and_then(|time| time.parse::<u64>().ok());
        *self.0.entry(name.trim().to_owned()).or_default() += running.unwrap_or_default();
    }
}

fn kibibytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// Octets of kernel memory in the server's ends of the connections to `address`, and how many there are.
pub fn kernel_buffers(address: SocketAddr) -> Outcome<(u64, usize)> {
    let port = format!("sport = :{}", address.port());
    let output = Command::new("ss").args(["-tmnOH", "state", "established", &port]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("skmem:")).collect();
    Ok((lines.iter().map(|line| buffered(line)).sum(), lines.len()))
}

/// ss(8): `skmem:(r<received>,rb..,t<being sent>,tb..,f<forward>,w<written>,..)`; what is being sent is in `w`.
fn buffered(line: &str) -> u64 {
    let fields = line.split_once("skmem:(").map_or("", |(_, fields)| fields);
    let value = |field: &str, name| field.strip_prefix(name).and_then(|value| value.parse::<u64>().ok());
    fields
        .split([',', ')'])
        .filter_map(|field| value(field, "r").or_else(|| value(field, "f")).or_else(|| value(field, "w")))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_socket_is_what_it_holds_not_what_it_may() {
        let line = "0 90 127.0.0.1:1 127.0.0.1:2 skmem:(r10,rb131072,t5,tb2626560,f100,w1000,o0,bl0,d0)";
        assert_eq!(buffered(line), 1110);
    }

    #[test]
    fn this_process_has_threads_and_memory() {
        let family = Family::of(std::process::id());
        assert!(family.memory().unwrap() > 0);
        let cpu = family.cpu().unwrap();
        assert!(cpu.total() > 0);
        assert_eq!(cpu.since(&cpu).total(), 0);
    }
}
