//! Read the arguments, run the command, say how it went.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only when a provider was installed before, and nothing ran before this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // What this program keeps is for nobody else on the machine, unless a file is made public.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // The allocator would take pages of 2 MB, of which small pieces keep most for nothing: it doubles the memory.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true); // where the kernel refuses, it is only more memory
    fingerpost::cli::run(std::env::args_os())
}
