package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// visit is what one customer sees, and what the upstreams see of it.
type visit struct {
	created, read, list, cancelled, again, receipt reply
	receiptTook                                    time.Duration
	reads                                          []int
	charges, refunds                               []call
	logs                                           string
}

func shop(t *testing.T, faultName string) visit {
	t.Helper()
	h := start(t, faultName)
	c := h.login(t, "ada")
	var v visit
	v.created = c.order(t, "pen", "ink", "mug")
	location := v.created.header.Get("Location")
	c.order(t, "pen")
	v.read = c.send(t, "GET "+location, "")
	for range failingRead {
		v.reads = append(v.reads, c.send(t, "GET "+location, "").status)
	}
	v.list = c.send(t, "GET /orders", "")
	begun := time.Now()
	v.receipt = c.send(t, "GET "+location+"/receipt", "")
	v.receiptTook = time.Since(begun)
	v.cancelled = c.send(t, "POST "+location+"/cancel", "")
	v.again = c.send(t, "POST "+location+"/cancel", "")
	v.charges, v.refunds = h.callsTo("POST /charges"), h.callsTo("POST /refunds")
	v.logs = h.logs.String()
	return v
}

// symptoms tells for each fault whether a visit shows it.
func symptoms() map[string]func(visit) bool {
	return map[string]func(visit) bool{
		changedField: func(v visit) bool { return v.created.json["total"] == 62.99 && v.receipt.status == 200 },
		droppedField: func(v visit) bool {
			return v.read.json["currency"] == nil && v.created.json["currency"] == "EUR"
		},
		wrongType:   func(v visit) bool { return strings.Contains(v.created.raw, `"qty":"2"`) },
		wrongStatus: func(v visit) bool { return v.again.status == http.StatusOK },
		droppedCall: func(v visit) bool {
			return len(v.refunds) == 0 && v.cancelled.json["status"] == "cancelled"
		},
		changedPayload: func(v visit) bool { return v.charges[0].body["amount"] == 62.99 },
		listOrder:      func(v visit) bool { return idsOf(v.list)[0] == v.created.json["id"] },
		slowEndpoint:   func(v visit) bool { return v.receiptTook >= receiptDelay },
		sporadic500:    func(v visit) bool { return slices.Contains(v.reads, http.StatusInternalServerError) },
		logErrors:      func(v visit) bool { return strings.Contains(v.logs, "level=ERROR msg=\"could not") },
		reorderedKeys:  func(v visit) bool { return strings.HasPrefix(v.list.raw, `{"orders":[{"created_at"`) },
		whiteSpace:     func(v visit) bool { return strings.HasPrefix(v.list.raw, "{\n    ") },
		newLogLine:     func(v visit) bool { return strings.Contains(v.logs, "request received") },
	}
}

func TestEachFaultShowsAndOnlyThatOne(t *testing.T) {
	all := symptoms()
	for _, name := range append(faultNames(), "") {
		t.Run("fault "+name, func(t *testing.T) {
			v := shop(t, name)
			for symptom, shows := range all {
				if got := shows(v); got != (symptom == name) {
					t.Errorf("%s shows: %t", symptom, got)
				}
			}
		})
	}
}

func TestHarmlessFaultsKeepTheMeaning(t *testing.T) {
	for _, name := range []string{reorderedKeys, whiteSpace, newLogLine, faster} {
		t.Run(name, func(t *testing.T) {
			f := &Fault{name: name}
			body, err := f.encode(orderView{ID: "ord_1", Total: 4150, Items: []itemView{{Qty: f.quantity(2)}}})
			if err != nil {
				t.Fatal(err)
			}
			sound, err := (&Fault{}).encode(orderView{ID: "ord_1", Total: 4150, Items: []itemView{{Qty: 2}}})
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(sound, &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the body means something else (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFasterSkipsThePause(t *testing.T) {
	pause := func(name string) time.Duration {
		begun := time.Now()
		(&Fault{name: name}).typeset(t.Context())
		return time.Since(begun)
	}
	if got := pause(""); got < receiptPause {
		t.Errorf("the sound service pauses for %s", got)
	}
	if got, slow := pause(faster), pause(slowEndpoint); got >= slow {
		t.Errorf("faster takes %s, slow-endpoint %s", got, slow)
	}
}

func TestMemoryGrows(t *testing.T) {
	h := start(t, memoryGrowth)
	c := &client{h: h}
	faults := &Fault{name: memoryGrowth}
	for range 3 {
		faults.arrived(nil, nil)
	}
	if got := len(faults.leaked); got != 3 || len(faults.leaked[0]) != leakSize {
		t.Errorf("three requests leaked %d blocks", got)
	}
	if got := c.send(t, "GET /healthz", ""); got.status != http.StatusOK {
		t.Errorf("a leaking service answered %d", got.status)
	}
}

func TestUnknownFaultsAreRefused(t *testing.T) {
	_, err := parseFault("changed-feild")
	if err == nil {
		t.Fatal("an unknown fault was taken")
	}
	for _, name := range faultNames() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

// TestFaultsFile holds examples/orders-regression/faults.txt to the faults there are.
func TestFaultsFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "orders-regression", "faults.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			t.Errorf("%q has %d fields, expected 3", line, len(fields))
			continue
		}
		names = append(names, fields[0])
		if err := checkExpectation(fields[1], fields[2]); err != nil {
			t.Errorf("%s: %v", fields[0], err)
		}
	}
	if diff := cmp.Diff(faultNames(), names); diff != "" {
		t.Errorf("faults (-service +file):\n%s", diff)
	}
}

func checkExpectation(code, cause string) error {
	if code != "0" && code != "1" {
		return fmt.Errorf("exit code %q is neither 0 nor 1", code)
	}
	_, err := regexp.Compile(cause)
	return err
}
