# Sourced by the programs of script/: where things are, how to tell of progress and of failure.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export LC_ALL=${LC_ALL:-C.UTF-8}
invoked_as=script/$(basename "$0")
started=$SECONDS

# say TEXT: one line of progress, with the seconds since the program began.
say() { printf '[%4ds] %s\n' "$((SECONDS - started))" "$*"; }

# fail CODE WHAT [WHY OR WHAT TO DO]...: the last words of a program, on standard error.
fail() {
  local code=$1
  shift
  printf '\n%s: %s\n' "$invoked_as" "$1" >&2
  shift
  [ $# = 0 ] || printf '  %s\n' "$@" >&2
  exit "$code"
}

# Two parallel compiles of Boost.Beast want about 2 GiB each, so memory counts as well as cores.
jobs() {
  if [ -n "${PIKA_JOBS:-}" ]; then
    printf '%s' "$PIKA_JOBS"
    return
  fi
  local cores gib
  cores=$(nproc)
  gib=$(awk '/^MemAvailable:/ {print int($2 / 2097152)}' /proc/meminfo)
  [ "$gib" -ge 1 ] || gib=1
  [ "$cores" -le "$gib" ] && printf '%s' "$cores" || printf '%s' "$gib"
}

# configure PRESET: quiet when it works, the whole of CMake's words when it does not.
configure() {
  mkdir -p build
  if ! cmake --preset "$1" >"build/configure-$1.log" 2>&1; then
    cat "build/configure-$1.log" >&2
    fail 4 "CMake could not configure the $1 preset; its words are above." \
      "Where a package is missing, run script/setup and try again."
  fi
}

# compile PRESET [TARGET]...: shows how far it is.
compile() {
  local preset=$1 targets=()
  shift
  [ $# = 0 ] || targets=(--target "$@")
  NINJA_STATUS='[%f/%t, %es] ' cmake --build --preset "$preset" -j "$(jobs)" "${targets[@]}" ||
    fail 4 "the $preset build failed; the compiler's words are above."
}
