package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// shop is the service that the stories test: GET /items/{n} answers alone, GET /stock/{n} asks its
// upstream. It misbehaves as the variable FIXTURE says, a list such as "slow=2s,ignore-term".
type shop struct {
	faults   map[string]string
	upstream string
	asked    atomic.Int64
}

// fixture runs the shop until SIGTERM; $PIDFILE takes its process id.
func fixture() int {
	s := &shop{faults: map[string]string{}, upstream: os.Getenv("UPSTREAM_URL")}
	for _, word := range strings.Split(os.Getenv("FIXTURE"), ",") {
		name, value, _ := strings.Cut(word, "=")
		s.faults[name] = cmp.Or(value, "true")
	}
	if name := os.Getenv("PIDFILE"); name != "" {
		if err := os.WriteFile(name, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
			return s.die(err)
		}
	}
	if s.faults["die"] != "" {
		return s.die("cannot open the cash register")
	}
	if s.faults["ignore-term"] != "" {
		signal.Ignore(syscall.SIGTERM, os.Interrupt)
	}
	if s.faults["log-errors"] != "" {
		fmt.Println("ERROR the price list is out of date")
	}
	time.Sleep(s.duration("late"))
	return s.die(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), s))
}

func (s *shop) die(why any) int {
	fmt.Fprintln(os.Stderr, "shop:", why)
	return 7
}

func (s *shop) duration(fault string) time.Duration {
	d, _ := time.ParseDuration(s.faults[fault])
	return d
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		if s.faults["never-ready"] != "" {
			http.Error(w, "counting the stock", http.StatusServiceUnavailable)
		}
		return
	}
	if s.faults["die-after"] == strconv.FormatInt(s.asked.Add(1), 10) {
		os.Exit(s.die("out of coffee"))
	}
	select {
	case <-time.After(s.duration("slow")):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	kind, n, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case s.faults["fail"] != "":
		http.Error(w, "{}", http.StatusInternalServerError)
	case kind == "stock":
		s.stock(w, r, n)
	case kind == "noisy":
		s.noisy(w, n)
	case s.faults["wrong"] != "":
		fmt.Fprintf(w, `{"id":%s,"price":42}`, n)
	default:
		fmt.Fprintf(w, `{"id":%s,"price":10}`, n)
	}
}

// noisy answers with fields that are others each time, beside one that is not.
func (s *shop) noisy(w io.Writer, n string) {
	price, now, tags := 10, time.Now(), []string{"a", "b", "c", "d", "e", "f"}
	if s.faults["wrong"] != "" {
		price = 42
	}
	if s.faults["no-trace"] == "" {
		w.(http.ResponseWriter).Header().Set("X-Trace", uuid.NewString())
	}
	trace := uuid.NewString()
	if s.faults["short-trace"] != "" {
		trace = trace[:8]
	}
	rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	json.NewEncoder(w).Encode(map[string]any{
		"id": json.Number(n), "price": price, "at": now.Format(time.RFC3339Nano), "trace": trace, "tags": tags,
		"seq": now.UnixMicro() % 100_000_000, "lines": []any{map[string]any{"load": rand.Float64(), "sku": "s" + n}},
	})
}

// stock passes on what the upstream says, for another item than recorded where the fault "miss" is set.
func (s *shop) stock(w http.ResponseWriter, r *http.Request, n string) {
	path := "/levels/" + n
	if s.faults["miss"] != "" {
		path = "/warehouses"
	}
	resp, err := http.Get(s.upstream + path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.WriteHeader(http.StatusBadGateway)
	}
	io.Copy(w, resp.Body)
}
