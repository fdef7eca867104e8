package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// pace replays at a rate for ten seconds and prints how late the requests were sent.
func pace(ctx context.Context, target string, rate int) error {
	sender, err := replay.NewHTTPSender(target, replay.HTTPOptions{Timeout: 10 * time.Second, Connections: 64})
	if err != nil {
		return err
	}
	defer sender.Close()
	records := make([]*traffic.Record, 10*rate)
	for i := range records {
		records[i] = recorded(i)
		records[i].Time = records[0].Time.Add(time.Duration(i) * time.Second / time.Duration(rate))
	}
	var mu sync.Mutex
	var late []time.Duration
	player := replay.Player{Sender: sender, Pacing: replay.Pacing{Concurrency: 64, Scale: 1}}
	err = player.Play(ctx, replay.Of(traffic.NewSet(records)), replay.Hooks{OnResult: func(r *replay.Result) {
		mu.Lock()
		defer mu.Unlock()
		if r.Err == nil {
			late = append(late, r.Lateness)
		}
	}}.Follow)
	if err != nil {
		return err
	}
	slices.Sort(late)
	at := func(q float64) time.Duration { return late[int(q*float64(len(late)-1))] }
	fmt.Printf("schedule at %d/s for 10 s: late by %s at p50, %s at p99, %s at most; %d of %d lost\n",
		rate, at(0.5), at(0.99), at(1), len(records)-len(late), len(records))
	return nil
}
