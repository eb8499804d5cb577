# Finds a JDK 25 or newer and exports JAVA_HOME; sourced by the launcher and the scripts.
# Order: JAVA_HOME, the java on the PATH, then the folders where JDKs are commonly installed; the lowest version that
# will do is taken from those.

dit4j_jdk_major() { # prints the major version of the JDK in folder $1, or nothing
  [ -x "$1/bin/javac" ] || return 0
  sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null | head -n 1
}

dit4j_find_jdk() {
  local wanted=25 best="" best_major=1000 major dir on_path
  on_path=$(command -v javac || true)
  [ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")")
  for dir in "${JAVA_HOME:-}" "$on_path"; do
    [ -n "$dir" ] || continue
    major=$(dit4j_jdk_major "$dir")
    if [ -n "$major" ] && [ "$major" -ge "$wanted" ]; then
      export JAVA_HOME="$dir"
      return 0
    fi
  done
  for dir in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/jdk* /opt/*jdk* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/* "$HOME"/.asdf/installs/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    major=$(dit4j_jdk_major "$dir")
    if [ -n "$major" ] && [ "$major" -ge "$wanted" ] && [ "$major" -lt "$best_major" ]; then
      best="$dir"
      best_major="$major"
    fi
  done
  if [ -z "$best" ]; then
    echo "dit4j needs a JDK 25 or newer and found none (looked at JAVA_HOME, the PATH, /usr/lib/jvm, ~/.sdkman, ~/.jdks and the like)." >&2
    echo "Install one, for example Eclipse Temurin 25 from https://adoptium.net or 'sdk install java 25-tem', or set JAVA_HOME." >&2
    return 1
  fi
  export JAVA_HOME="$best"
}
