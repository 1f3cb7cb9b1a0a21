# lib.sh
#	What test/demo and test/check share: packages, Python, build, the embedded
#	endpoint, throw-away clusters.  Sourced by bash; needs $TOP.
#
# Everything lives below $WORK; nothing of a system PostgreSQL cluster is
# touched.  Servers run as an unprivileged user and listen on loopback or on a
# Unix socket only.  What is started is noted in a state directory, by pid.

WORK=${ATHENA_FDW_WORK:-/var/tmp/athena_fdw}
MINISTACK_VERSION=1.5.33
# any key will do for the emulator, which does not check signatures
TEST_KEY_ID=TESTKEY0000000000001
TEST_SECRET=not-a-secret
RESULTS_BUCKET=athena-results

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Who runs the servers: PostgreSQL refuses root.
server_user() {
	if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi
}

as_server() {
	if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# ---------- packages ----------

# The version of PostgreSQL that this distribution has, or that is installed.
find_postgres() {
	if [ -n "${PG_CONFIG:-}" ]; then
		:
	elif ls /usr/lib/postgresql/*/bin/pg_config >/dev/null 2>&1; then
		PG_CONFIG=$(ls -d /usr/lib/postgresql/*/bin/pg_config | sort -V | tail -n 1)
	fi
	[ -n "${PG_CONFIG:-}" ] && [ -x "$PG_CONFIG" ] || return 1
	PG_BIN=$("$PG_CONFIG" --bindir)
	PG_MAJOR=$("$PG_CONFIG" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
	# pgxs.mk comes with the client's package already, the headers do not
	[ -x "$PG_BIN/initdb" ] && [ -f "$("$PG_CONFIG" --pgxs)" ] && [ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ]
}

need_packages() {
	local wanted="gcc make libc6-dev libcurl4-openssl-dev libssl-dev libjson-c-dev python3 python3-venv ca-certificates $*"
	local missing="" p conf=/etc/postgresql-common/createcluster.d/athena_fdw.conf
	for p in $wanted; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
	find_postgres || missing="$missing postgresql"
	if [ -n "$missing" ]; then
		say "installing packages:$missing"
		as_root apt-get -qq update
		if ! find_postgres; then
			local major
			major=$(apt-cache depends postgresql | sed -nE 's/.*Depends: postgresql-([0-9]+)$/\1/p' | head -n 1)
			[ -n "$major" ] || die "apt knows no package postgresql"
			missing="$missing postgresql-$major postgresql-server-dev-$major"
		fi
		# no cluster of the system's is made on the way
		as_root mkdir -p "$(dirname $conf)"
		echo 'create_main_cluster = false' | as_root tee $conf >/dev/null
		# shellcheck disable=SC2086
		as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends $missing >"$WORK/apt.log" 2>&1 ||
			{ tail -n 20 "$WORK/apt.log" >&2; die "apt-get install failed"; }
		as_root rm -f $conf
	fi
	find_postgres || die "no PostgreSQL with server headers found; set PG_CONFIG"
}

# A virtual environment per list of packages; the system's python3, because
# another user must be able to run it.
need_python() {
	local venv="$WORK/venv" python=/usr/bin/python3 stamp
	[ -x $python ] || python=python3
	PYTHON="$venv/bin/python"
	stamp=$(cat "$TOP/test/requirements.txt" | sha256sum | cut -c1-16)
	if [ ! -f "$venv/ready-$stamp" ]; then
		say "installing Python packages into $venv"
		rm -rf "$venv"
		$python -m venv "$venv"
		"$venv/bin/pip" -q --disable-pip-version-check install -r "$TOP/test/requirements.txt" >&2
		touch "$venv/ready-$stamp"
	fi
}

prepare() {
	mkdir -p "$WORK"
	chmod 755 "$WORK"
	need_packages "$@"
	need_python
}

# ---------- the extension ----------

# Build a copy of the sources, so that the checkout stays as it is.
build_extension() {
	local dir="$WORK/build/$PG_MAJOR"
	mkdir -p "$dir"
	say "building for PostgreSQL $PG_MAJOR"
	# sources that are gone since the last build
	[ ! -d "$dir/src" ] || find "$dir/src" -name '*.[ch]' -delete
	(cd "$TOP" && tar -cf - --exclude='*.o' --exclude='*.bc' Makefile athena_fdw.c athena_fdw.control athena_fdw--*.sql src) |
		tar -C "$dir" -xf -
	make -s -C "$dir" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" >"$dir/build.log" 2>&1 ||
		{ cat "$dir/build.log" >&2; die "the build failed"; }
	as_root make -s -C "$dir" PG_CONFIG="$PG_CONFIG" install >>"$dir/build.log" 2>&1 ||
		{ tail -n 20 "$dir/build.log" >&2; die "make install failed"; }
}

# What tests put into the server: a resolver that never answers, an environment.
build_test_modules() {
	local dir="$WORK/build"
	gcc -shared -fPIC -O1 -o "$dir/slow_dns.so" "$TOP/test/py/slow_dns.c" -ldl
	gcc -shared -fPIC -O1 -isystem "$("$PG_CONFIG" --includedir-server)" -o "$dir/set_env.so" "$TOP/test/engine/set_env.c"
	chmod 755 "$dir/slow_dns.so" "$dir/set_env.so"
}

# ---------- servers ----------

note_pid() { echo "$2" >"$STATE/$1.pid"; }

# End what was noted, and only that: a pid may have been given to another.
stop_pid() { # name words-of-its-command-line [signal]
	local file="$STATE/$1.pid" pid i
	[ -f "$file" ] || return 0
	pid=$(cat "$file")
	if [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "$2"; then
		kill -s "${3:-TERM}" "$pid" 2>/dev/null || true
		for i in $(seq 100); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null || true
	fi
	rm -f "$file"
}

# start_daemon NAME DIRECTORY COMMAND...: in the background, as the server's user, with
# an environment and a session of its own; its output goes to DIRECTORY/log.
start_daemon() {
	local name=$1 dir=$2
	shift 2
	[ "$(id -u)" != 0 ] || chown -R "$(server_user)" "$dir"
	(cd "$dir" && exec setsid env -i PATH=/usr/bin:/bin HOME="$dir" TMPDIR="$dir" LC_ALL=C.UTF-8 \
		$([ "$(id -u)" = 0 ] && echo setpriv --reuid=postgres --regid=postgres --clear-groups) "$@" >"$dir/log" 2>&1) &
	note_pid "$name" $!
}

# wait_for NAME URL SECONDS LOG: until the daemon answers.
wait_for() {
	local i
	for i in $(seq $(($3 * 4))); do
		"$PYTHON" -c "import urllib.request as u; u.urlopen('$2', timeout=5)" 2>/dev/null && return 0
		kill -0 "$(cat "$STATE/$1.pid")" 2>/dev/null || break
		sleep 0.25
	done
	tail -n 30 "$4" >&2
	die "$1 did not start"
}

# start_endpoint [services]: MiniStack; sets ENDPOINT.
start_endpoint() {
	local dir="$STATE/endpoint" services=${1:-s3,glue,sts,athena} port
	rm -rf "$dir"
	mkdir -p "$dir"
	port=$(free_port)
	ENDPOINT="http://127.0.0.1:$port"
	say "starting the embedded endpoint (MiniStack) at $ENDPOINT"
	start_daemon endpoint "$dir" env BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SERVICES="$services" IOT_MTLS_ENABLED=0 \
		SFTP_ENABLED=0 S3_DATA_DIR="$dir/s3" LOG_LEVEL=WARNING "$PYTHON" -m ministack
	wait_for endpoint "$ENDPOINT/_ministack/health" 60 "$dir/log"
	echo "$ENDPOINT" >"$STATE/endpoint.url"
}

# start_cluster [setting=value...]: a throw-away cluster on a Unix socket.
start_cluster() {
	local dir="$STATE/pg" setting
	rm -rf "$dir" "$STATE/socket"
	mkdir -p "$dir" "$STATE/socket"
	chown "$(server_user)" "$dir" "$STATE/socket"
	chmod 700 "$dir"
	PGPORT=$(free_port)
	PGHOST="$STATE/socket"
	PGUSER=postgres
	export PGPORT PGHOST PGUSER
	say "creating a throw-away PostgreSQL $PG_MAJOR cluster, port $PGPORT"
	(cd / && as_server "$PG_BIN/initdb" -D "$dir" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N \
		>"$STATE/initdb.log" 2>&1) || { cat "$STATE/initdb.log" >&2; die "initdb failed"; }
	{
		echo "listen_addresses = ''"
		echo "port = $PGPORT"
		echo "unix_socket_directories = '$STATE/socket'"
		echo "fsync = off"
		echo "max_prepared_transactions = 5"
		echo "max_connections = 120"
		for setting in "$@"; do echo "$setting"; done
	} >>"$dir/postgresql.conf"
	touch "$STATE/pg.log"
	chown "$(server_user)" "$STATE/pg.log"
	# PG_ENV: the environment that tests give the server
	(cd / && as_server env ${PG_ENV:+"${PG_ENV[@]}"} "$PG_BIN/pg_ctl" -D "$dir" -l "$STATE/pg.log" -w -s start) ||
		{ tail -n 20 "$STATE/pg.log" >&2; die "PostgreSQL did not start"; }
	note_pid pg "$(head -n 1 "$dir/postmaster.pid")"
}

stop_all() {
	[ -d "$STATE" ] || return 0
	stop_pid pg "$STATE/pg" INT
	stop_pid root postgres INT
	stop_pid stand stand/server/server.py
	stop_pid trino io.trino.server.TrinoServer
	stop_pid endpoint ministack
}
