//! How many files and sockets the process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit as far as the system lets us, and returns it; `None`: there is none.
///
/// Shells and service managers start programs with 1,024, for the sake of programs that use `select`. We do not, and
/// every stream takes one.
pub fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let asked = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    // A refusal leaves the limit as it was, which is what we then live with.
    if setrlimit(Resource::Nofile, asked).is_ok() {
        limit.current = limit.maximum;
    }
    limit.current
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limit_is_as_high_as_it_may_be_and_stays() {
        let raised = super::raise_limit();
        assert_eq!(raised, rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum);
        assert_eq!(super::raise_limit(), raised);
    }
}
