//! The door: parses the command line and calls [`negozio::cli`].

fn main() -> std::process::ExitCode {
    negozio::cli::main()
}
