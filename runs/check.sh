#!/usr/bin/env bash
# Every check that there is: format, compilation with all its gates (Error Prone, NullAway, doclint, no warnings),
# the tests of all modules, and the launcher. This is what CI runs. MAVEN_ARGS=-o works without a network.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
. runs/jdk.sh
dit4j_find_jdk

step() { echo "==> $*"; }

step "format, compilation, tests ($JAVA_HOME)"
./mvnw -B -ntp spotless:check verify

step "launcher"
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
ln -s "$root/dit4j" "$elsewhere/a link"
(
  cd "$elsewhere"
  "./a link" --version
  "./a link" verify "$root/conformance/cases/diffusion/beta_schedules.json" --strict
  if "./a link" no-such-command 2> error.txt || [ "$(wc -l < error.txt)" -gt 4 ]; then
    echo "a wrong command must end in a short message and an exit code that is not 0:" >&2
    cat error.txt >&2
    exit 1
  fi
)
step "all checks passed"
