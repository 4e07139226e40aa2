#!/bin/sh
# socat serves each client with a process of its own. It does not choose a port, nor say where it listens, so
# this finds one that is free; and it knows no --max-connections.
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
