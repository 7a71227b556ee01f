#!/usr/bin/env bash
# Makes a machine able to build Verbatim: a C++ compiler for RocksDB, and a libclang for the bindings to it.
# What is missing is installed, and every step says so. With nothing missing it takes a few milliseconds.
#
# It leaves the file TOOLS/env with what the build must export (mostly nothing). The choice is kept until what it
# rests on is gone, because a change of these variables makes cargo compile RocksDB again.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${TOOLS:-.tools}
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
env_file=$tools/env
libclang_version=18.1.1

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

kept_choice_holds() {
    [ -f "$env_file" ] && [ "$env_file" -nt scripts/setup.sh ] || return 1
    local library
    library=$(sed -n 's/^# libclang: //p' "$env_file")
    [ -e "$library" ] && [ "$(sed -n 's/^# asked: //p' "$env_file")" = "${LIBCLANG_PATH-}" ]
}

# Runs a command as root, where that is possible at all.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

apt_is_fresh=
apt_install() {
    command -v apt-get >/dev/null || return 1
    say "installing $* with apt-get"
    [ -n "$apt_is_fresh" ] || as_root apt-get -q update >"$tools/apt.log" 2>&1 || return 1
    apt_is_fresh=yes
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" >>"$tools/apt.log" 2>&1
}

# The places where bindgen looks by itself come first: for those nothing has to be exported.
libclang_candidates() {
    shopt -s nullglob
    local asked=${LIBCLANG_PATH-} prefix
    if [ -n "$asked" ]; then
        if [ -d "$asked" ]; then printf '%s\n' "$asked"/libclang{,-*}.so{,.*}; else printf '%s\n' "$asked"; fi
        return
    fi
    prefix=$(llvm-config --prefix 2>/dev/null || true)
    [ -z "$prefix" ] || printf '%s\n' "$prefix"/lib{,64}/libclang{,-*}.so
    printf '%s\n' /usr/lib/libclang{,-*}.so{,.*} /usr/lib/*/libclang{,-*}.so{,.*} /usr/lib/*/lib/libclang{,-*}.so{,.*} \
        /usr/local/lib/libclang{,-*}.so{,.*}
    printf 'export %s\n' "$tools"/libclang/clang/native/libclang.so
    ldconfig -p 2>/dev/null | sed -n 's/.*\blibclang\(-[0-9.]*\)\?\.so.* => /export /p' || true
}

# Keeps the first libclang that can read C as bindgen will have it do.
choose_libclang() {
    local line library include
    include=$(c++ -print-file-name=include)
    while read -r line; do
        library=${line#export }
        [ -e "$library" ] || continue
        local exports=()
        [ "$library" = "$line" ] || exports+=("export LIBCLANG_PATH='$(dirname "$library")'")
        if python3 scripts/libclang_reads_c.py "$library"; then
            :
        elif python3 scripts/libclang_reads_c.py "$library" "-I$include"; then
            exports+=("export BINDGEN_EXTRA_CLANG_ARGS='${BINDGEN_EXTRA_CLANG_ARGS:+$BINDGEN_EXTRA_CLANG_ARGS }-I$include'")
        else
            continue
        fi
        printf '%s\n' "# libclang: $library" "# asked: ${LIBCLANG_PATH-}" "${exports[@]}" >"$env_file"
        [ ${#exports[@]} -eq 0 ] || say "using $library (for a bare cargo command first: . $env_file)"
        return 0
    done < <(libclang_candidates)
    return 1
}

kept_choice_holds && exit 0

command -v cargo >/dev/null ||
    fail "cargo is missing: install Rust with rustup (https://rustup.rs), open a new shell, and run make again"
cargo --version >/dev/null ||
    fail "the toolchain that rust-toolchain.toml names is not there: run 'rustup toolchain install' in this folder"

missing=()
command -v c++ >/dev/null || missing+=(g++)
command -v python3 >/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}" ||
        fail "missing: ${missing[*]}. Install them as root (Debian: apt-get install ${missing[*]}), then run make again"
fi

choose_libclang && exit 0
[ -z "${LIBCLANG_PATH-}" ] ||
    fail "LIBCLANG_PATH is set, and no libclang that works is there: unset it, or point it at a folder with libclang.so"

say "no working libclang found; bindgen needs one for the bindings to RocksDB"
if apt_install libclang-dev && choose_libclang; then
    exit 0
fi
say "apt-get could not give one; installing libclang $libclang_version from PyPI into $tools/libclang"
if python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: \
    --upgrade --target "$tools/libclang" "libclang==$libclang_version" && choose_libclang; then
    exit 0
fi
fail "libclang could not be installed. Do one of these, then run make again:" \
    "  as root:   apt-get install libclang-dev      (other systems: clang-devel, clang)" \
    "  with pip:  python3 -m pip install --target '$tools/libclang' libclang==$libclang_version" \
    "  else:      set LIBCLANG_PATH to the folder that holds libclang.so"
