#!/bin/sh
# socat serves each client in a separate process. It neither chooses a free port nor prints its address, so this
# script does both. It has no --max-connections.
port=$((10000 + $$ % 20000))
while socat -u OPEN:/dev/null "TCP:127.0.0.1:$port" 2>/dev/null; do
    port=$((port + 1))
done
socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,backlog=128" EXEC:cat &
until socat -u OPEN:/dev/null "TCP:127.0.0.1:$port" 2>/dev/null; do
    kill -0 $! || exit 1
done
kill -0 $! || exit 1
echo "listening on 127.0.0.1:$port"
wait
