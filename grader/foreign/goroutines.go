// A correct solution to lab 01 in another language: a goroutine for each client, and a channel as the limit.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	address := flag.String("addr", "127.0.0.1:9999", "where to listen")
	limit := flag.Int("max-connections", 1024, "how many clients to serve at the same time")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println("listening on", listener.Addr())
	slots := make(chan struct{}, *limit)
	for {
		slots <- struct{}{}
		client, err := listener.Accept()
		if err != nil {
			<-slots
			time.Sleep(20 * time.Millisecond)
			continue
		}
		go func() {
			defer func() { <-slots }()
			defer client.Close()
			io.Copy(client, client)
		}()
	}
}
