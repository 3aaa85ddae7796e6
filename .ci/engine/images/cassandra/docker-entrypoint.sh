#!/bin/bash
# Cassandra on this container's address, as user `cassandra`. Variables, as the official image has
# them: CASSANDRA_CLUSTER_NAME, CASSANDRA_SEEDS, CASSANDRA_LISTEN_ADDRESS, CASSANDRA_RPC_ADDRESS,
# MAX_HEAP_SIZE, JVM_EXTRA_OPTS.
set -eu
[ "$1" = cassandra ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  find /var/lib/cassandra ! -user cassandra -exec chown cassandra:cassandra {} +
  exec setpriv --reuid=cassandra --regid=cassandra --clear-groups "$0" "$@"
fi
own=$(hostname --ip-address | cut -d' ' -f1)
listen=${CASSANDRA_LISTEN_ADDRESS:-auto}
[ "$listen" != auto ] || listen=$own
seeds=${CASSANDRA_SEEDS:-$listen}
sed -e "s/^cluster_name: .*/cluster_name: '${CASSANDRA_CLUSTER_NAME:-Test Cluster}'/" \
  -e "s/^rpc_address: .*/rpc_address: ${CASSANDRA_RPC_ADDRESS:-0.0.0.0}\nbroadcast_rpc_address: $listen/" \
  -e "s/- seeds: .*/- seeds: '$seeds'/" \
  -e "s/@HOST@/$listen/g" -e 's/@PORT@/9042/g' -e 's/@STORAGE_PORT@/7000/g' \
  -e 's:@DATA@:/var/lib/cassandra:g' \
  /opt/cassandra/conf/cassandra.yaml >/etc/cassandra/cassandra.yaml
heap=()
[ -z "${MAX_HEAP_SIZE:-}" ] || heap=("-Xms$MAX_HEAP_SIZE" "-Xmx$MAX_HEAP_SIZE")
# shellcheck disable=SC2086 # several options in one variable
exec java @/opt/cassandra/conf/jvm.options "${heap[@]}" \
  -Dcassandra.config=file:///etc/cassandra/cassandra.yaml \
  -Dcassandra.storagedir=/var/lib/cassandra \
  -Dlogback.configurationFile=file:///opt/cassandra/conf/logback.xml \
  -Dcassandra.jmx.local.port=7199 \
  ${JVM_EXTRA_OPTS:-} \
  -cp '/opt/cassandra/lib/*' org.apache.cassandra.service.CassandraDaemon
