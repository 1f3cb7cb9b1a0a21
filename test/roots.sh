# roots.sh
#	Other versions of PostgreSQL in roots made by debootstrap, below $WORK/roots.
#	Sourced by test/check after lib.sh; needs root or sudo.
#
#	trixie has 17, sid 18, experimental (on top of sid) 19's release candidate.
#	A root is made once and kept.  Mirrors of sid may be older than their release
#	files allow, hence no Check-Valid-Until in there.

ROOT_PACKAGES="gcc make libc6-dev libcurl4-openssl-dev libssl-dev libjson-c-dev ca-certificates"

# The archive that this machine's apt uses, so that nothing is named here.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1
}

root_suite() {
	case $1 in
		17) echo trixie ;;
		18 | 19) echo sid ;;
		*) die "there is no root for PostgreSQL $1; known are 17, 18, 19" ;;
	esac
}

# In a mount namespace of its own, so that /proc is never left mounted.
in_root() {
	local root=$1
	shift
	as_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" "$@"
}

# make_root MAJOR: sets ROOT.
make_root() {
	local major=$1 suite mirror log="$WORK/root-$1.log" from=""
	ROOT=$WORK/roots/$major
	[ -f "$ROOT/ready" ] && return 0
	need_packages debootstrap
	suite=$(root_suite "$major")
	mirror=$(debian_mirror)
	say "making a root of Debian $suite for PostgreSQL $major (about 80 s)"
	as_root rm -rf "$ROOT"
	as_root mkdir -p "$ROOT"
	{
		as_root debootstrap --variant=minbase "$suite" "$ROOT" "$mirror" &&
			as_root mkdir -p "$ROOT/etc/postgresql-common/createcluster.d" &&
			echo 'Acquire::Check-Valid-Until "false";' | as_root tee "$ROOT/etc/apt/apt.conf.d/90athena_fdw" &&
			echo 'create_main_cluster = false' |
			as_root tee "$ROOT/etc/postgresql-common/createcluster.d/athena_fdw.conf" &&
			{
				if [ "$major" = 19 ]; then
					from="libpq5/experimental libpq-dev/experimental"
					echo "deb $mirror experimental main" | as_root tee "$ROOT/etc/apt/sources.list.d/experimental.list"
				fi
				in_root "$ROOT" apt-get -q update &&
					in_root "$ROOT" apt-get -q install -y --no-install-recommends $from $ROOT_PACKAGES \
						"postgresql-$major" "postgresql-server-dev-$major"
			}
	} >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
	as_root touch "$ROOT/ready"
}

# start_in_root MAJOR: builds there and starts a server; sets ROOT, PGHOST, PGPORT.
start_in_root() {
	local major=$1 dir
	make_root "$major" || return 1
	dir=$ROOT/athena_fdw
	as_root rm -rf "$dir"
	as_root mkdir -p "$dir"
	(cd "$TOP" && tar -cf - --exclude='*.o' --exclude='*.bc' Makefile athena_fdw.c athena_fdw.control athena_fdw--*.sql \
		src sql expected test/py/slow_dns.c) | as_root tar -C "$dir" -xf -
	cat <<'END' | as_root tee "$dir/start" >/dev/null
set -e
major=$1
bin=/usr/lib/postgresql/$major/bin
cd /athena_fdw
make -s -j"$(nproc)" PG_CONFIG=$bin/pg_config WERROR=-Werror >build.log 2>&1 || { cat build.log; exit 1; }
make -s PG_CONFIG=$bin/pg_config install >>build.log 2>&1
gcc -shared -fPIC -O1 -o slow_dns.so test/py/slow_dns.c -ldl
chown -R postgres /athena_fdw
rm -rf /tmp/pg && mkdir /tmp/pg && chown postgres /tmp/pg
run() { setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp/pg "$@"; }
run $bin/initdb -D /tmp/pg/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >/tmp/pg/initdb.log 2>&1 ||
	{ cat /tmp/pg/initdb.log; exit 1; }
printf "listen_addresses = ''\nport = 54321\nunix_socket_directories = '/tmp/pg'\nfsync = off\ndynamic_shared_memory_type = mmap\nshared_preload_libraries = 'athena_fdw'\n" \
	>>/tmp/pg/data/postgresql.conf
run env LD_PRELOAD=/athena_fdw/slow_dns.so $bin/pg_ctl -D /tmp/pg/data -l /tmp/pg/log -w -s start || { cat /tmp/pg/log; exit 1; }
END
	in_root "$ROOT" bash /athena_fdw/start "$major" || return 1
	PGHOST=$ROOT/tmp/pg PGPORT=54321
	note_pid root "$(as_root head -n 1 "$ROOT/tmp/pg/data/postmaster.pid")"
}

# regress_in_root MAJOR ENDPOINT: runs sql/ there; prints pg_regress's output.
regress_in_root() {
	cat <<'END' | as_root tee "$ROOT/athena_fdw/regress" >/dev/null
cd /athena_fdw
setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp/pg PGHOST=/tmp/pg PGPORT=54321 PGUSER=postgres \
	ATHENA_ENDPOINT=$2 make -s PG_CONFIG=/usr/lib/postgresql/$1/bin/pg_config installcheck ||
	{ cat regression.diffs 2>/dev/null; exit 1; }
END
	in_root "$ROOT" bash /athena_fdw/regress "$1" "$2"
}
