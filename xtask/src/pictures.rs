//! Pictures of a terminal in which the program ran: `cargo xtask pictures`.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::command::{cargo, run};

/// How wide the terminal is, in characters.
const COLUMNS: usize = 100;

/// The name of a picture, and what is typed in it.
const PICTURES: [(&str, &[&str]); 2] = [
    (
        "lost-token",
        &[
            "imds exec --ami al2 --container -- imds get instance-id",
            "imds exec --ami al2 --container --hop-limit 2 -- imds get instance-id",
        ],
    ),
    ("migrate", &["cat hello.sh", "imds migrate hello.sh", "imds migrate --write hello.sh"]),
];

/// A script as people have it.
const SCRIPT: &str = "#!/bin/bash
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo \"Hello from $ID\"
";

pub(crate) fn draw_all() -> Result<()> {
    run(&mut cargo("build --release --quiet --package imds"))?;
    let program = std::path::absolute("target/release")?;
    let path = std::env::var("PATH")?;
    let path = format!("{}:{path}", program.display());
    for (name, lines) in PICTURES {
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("hello.sh"), SCRIPT)?;
        let mut screen = String::new();
        for line in lines {
            screen.extend(["\x1b[1m$ ", line, "\x1b[0m\n"]);
            // It gives the program a terminal, for its colours. That the program fails may be what is shown.
            let mut script = Command::new("script");
            script.args(["--quiet", "--return", "--command", line, "/dev/null"]);
            script.current_dir(&home).env("PATH", &path).env("TERM", "xterm-256color");
            let output = script.stdin(Stdio::null()).output()?;
            let printed = String::from_utf8(output.stdout)?.replace('\r', "");
            ensure!(!printed.contains("command not found"), "{line}: {printed}");
            screen += &wrapped(&printed);
        }
        let picture = format!("docs/pictures/{name}.svg");
        std::fs::write(&picture, anstyle_svg::Term::new().render_svg(&screen))?;
        println!("{picture}: {} lines", screen.lines().count());
    }
    Ok(())
}

/// The lines as a terminal shows them that is [`COLUMNS`] wide. Sequences of control characters have no width.
fn wrapped(text: &str) -> String {
    let (mut shown, mut column, mut is_sequence) = (String::new(), 0, false);
    for character in text.chars() {
        is_sequence |= character == '\x1b';
        if character == '\n' {
            column = 0;
        } else if !is_sequence {
            if column == COLUMNS {
                shown.push('\n');
                column = 0;
            }
            column += 1;
        }
        shown.push(character);
        is_sequence &= character != 'm';
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_where_a_terminal_breaks_them() {
        let full = "x".repeat(COLUMNS);
        assert_eq!(wrapped(&format!("{full}\nnext\n")), format!("{full}\nnext\n"));
        assert_eq!(wrapped(&format!("{full}y\n")), format!("{full}\ny\n"));
        let bold = format!("\x1b[1m{full}\x1b[0m\n");
        assert_eq!(wrapped(&bold), bold);
    }
}
