//! The `verbatim` program.

fn main() -> std::process::ExitCode {
    verbatim_server::cli::main()
}
