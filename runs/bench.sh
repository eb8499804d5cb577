#!/usr/bin/env bash
# Times single operators with JMH. Arguments go to JMH: runs/bench.sh attention -p dtype=BFLOAT16; -h lists them.
# Whole steps are timed by `./dit4j bench`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
. runs/jdk.sh
dit4j_find_jdk
./mvnw -B -ntp -q -Dmaven.test.skip=true -pl bench -am package
exec "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
  -cp "bench/target/classes:bench/target/lib/*" org.openjdk.jmh.Main "$@"
