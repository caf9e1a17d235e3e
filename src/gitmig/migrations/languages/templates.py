"""What a new migration that is a program begins with, by the ending of its file."""

from __future__ import annotations

PYTHON = '''\
"""What changes."""


def upgrade(connection):
    """On a psycopg connection: what gitmig does not commit, nobody sees."""
    connection.execute("ALTER TABLE comments RENAME COLUMN contents TO body")


def downgrade(connection):
    """Exactly the opposite."""
    connection.execute("ALTER TABLE comments RENAME COLUMN body TO contents")
'''
SHELL = """\
#!/bin/sh
# Called with up or down. What it prints is SQL and runs in gitmig's transaction, as does what psql is told.
set -eu
case $1 in
up) echo "ALTER TABLE comments RENAME COLUMN contents TO body;" ;;
down) echo "ALTER TABLE comments RENAME COLUMN body TO contents;" ;;
esac
"""
JAVASCRIPT = """\
#!/usr/bin/env node
// Called with up or down. What it prints is SQL and runs in gitmig's transaction, as does what DATABASE_URL is sent.
const sections = {
  up: "ALTER TABLE comments RENAME COLUMN contents TO body;",
  down: "ALTER TABLE comments RENAME COLUMN body TO contents;",
};
console.log(sections[process.argv[2]]);
"""
TYPESCRIPT = JAVASCRIPT.replace("#!/usr/bin/env node", "#!/usr/bin/env -S deno run -A").replace(
    "process.argv[2]", "Deno.args[0] as keyof typeof sections"
)
RUBY = """\
#!/usr/bin/env ruby
# Called with up or down. What it prints is SQL and runs in gitmig's transaction, as does what DATABASE_URL is sent.
case ARGV.first
when "up" then puts "ALTER TABLE comments RENAME COLUMN contents TO body;"
when "down" then puts "ALTER TABLE comments RENAME COLUMN body TO contents;"
end
"""
JAVA = """\
// Called with up or down. What it prints is SQL and runs in gitmig's transaction; JDBC_DATABASE_URL leads there, too.
class Migration {
    public static void main(String[] arguments) {
        System.out.println(switch (arguments[0]) {
            case "up" -> "ALTER TABLE comments RENAME COLUMN contents TO body;";
            default -> "ALTER TABLE comments RENAME COLUMN body TO contents;";
        });
    }
}
"""
CPP = """\
// Called with up or down. What it prints is SQL and runs in gitmig's transaction, as does what DATABASE_URL is sent.
#include <iostream>
#include <string>

int main(int, char** arguments) {
    const bool up = std::string(arguments[1]) == "up";
    std::cout << (up ? "ALTER TABLE comments RENAME COLUMN contents TO body;\\n"
                     : "ALTER TABLE comments RENAME COLUMN body TO contents;\\n");
}
"""

TEMPLATES = {
    "py": PYTHON,
    "sh": SHELL,
    "bash": SHELL.replace("#!/bin/sh", "#!/usr/bin/env bash"),
    "js": JAVASCRIPT,
    "ts": TYPESCRIPT,
    "rb": RUBY,
    "java": JAVA,
    "cpp": CPP,
}
LANGUAGES = tuple(TEMPLATES)
