package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/accesslog"
	"github.com/headgate-dev/headgate/traffic/gor"
	"github.com/headgate-dev/headgate/traffic/har"
	"github.com/headgate-dev/headgate/traffic/hoverfly"
	"github.com/headgate-dev/headgate/traffic/journal"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/jsonlog"
	"github.com/headgate-dev/headgate/traffic/keploy"
	"github.com/headgate-dev/headgate/traffic/pcap"
	"github.com/headgate-dev/headgate/traffic/postman"
	"github.com/headgate-dev/headgate/traffic/rrpair"
)

// form is a format of captures: how the bench makes one, and what reads it.
type form struct {
	name string
	// target is in megabytes for each second of processor time, or in records where each is a line; none
	// where it is 0.
	target float64
	lines  bool
	write  func(io.Writer) written
	read   func(string, io.Reader) traffic.Reader
	peers  []peer
}

// written is one that is being written.
type written struct {
	add func(*traffic.Record) error
	end func() error
}

// peer reads the same captures in another way, and returns how many records or packets it has found.
type peer struct {
	name string
	read func(io.Reader) (int, error)
}

func forms() []form {
	own := func(name string, r io.Reader) traffic.Reader { return jsonl.NewReader(name, r) }
	packets := func(name string, r io.Reader) traffic.Reader { return pcap.NewReader(name, r, pcap.Options{}) }
	return []form{
		{"JSONL", 250, false, writeJSONL, own, []peer{
			{"encoding/json (wanted: 2 x)", decodeLines}, {"scanning lines", scanLines},
		}},
		{".gor", 300, false, writeGor, gor.NewReader, []peer{{"splitting at separators", splitGor}}},
		{"pcap", 200, false, writePackets, packets, []peer{{"decoding packets, gopacket", decodePackets}}},
		{"HAR", 100, false, writeHAR, har.NewReader, []peer{{"encoding/json", decodeEntries}}},
		{"access log", 1e6, true, writeLog, accesslog.NewReader, []peer{
			{"strings.Fields", splitFields}, {"regexp", matchLines},
		}},
		{"JSON log", 0, false, writeJSONLog, jsonlog.NewReader, nil},
		{"WireMock journal", 0, false, writeJournal, journal.NewReader, nil},
		{"Postman", 0, false, writePostman, postman.NewReader, nil},
		{"Hoverfly", 0, false, writeHoverfly, hoverfly.NewReader, nil},
		{"RRPair", 0, false, writePairs, rrpair.NewReader, nil},
		{"Keploy", 0, false, writeKeploy, keploy.NewReader, nil},
	}
}

func writeJSONL(w io.Writer) written {
	out := jsonl.NewWriter(w)
	return written{out.Write, out.Flush}
}

func writeGor(w io.Writer) written {
	out := gor.NewWriter(w)
	return written{out.Write, out.Close}
}

func writeHAR(w io.Writer) written {
	out := har.NewWriter(w, "bench")
	return written{out.Write, out.Close}
}

// text writes a capture whose records are texts, one behind the other.
func text(w io.Writer, head, between, tail string, record func(*traffic.Record) []byte) written {
	out := bufio.NewWriterSize(w, 64<<10)
	mark := head
	return written{
		func(r *traffic.Record) error {
			_, _ = out.WriteString(mark)
			mark = between
			_, err := out.Write(record(r))
			return err
		},
		func() error {
			_, _ = out.WriteString(tail)
			return out.Flush()
		},
	}
}

func writeLog(w io.Writer) written {
	return text(w, "", "", "", func(r *traffic.Record) []byte {
		return fmt.Appendf(nil, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d %q %q %.3f\n",
			r.Request.Header.Get("X-Forwarded-For"), r.Time.Format("02/Jan/2006:15:04:05 -0700"), r.Request.Method,
			r.Request.URL, r.Response.Status, len(r.Response.Body), r.Request.Header.Get("Referer"),
			r.Request.Header.Get("User-Agent"), r.Duration.Seconds())
	})
}

type object = map[string]any

// asJSON has a record written as JSON.
func asJSON(form func(*traffic.Record) object) func(*traffic.Record) []byte {
	return func(r *traffic.Record) []byte {
		b, _ := json.Marshal(form(r)) // texts and numbers can always be written
		return b
	}
}

func writeJSONLog(w io.Writer) written {
	return text(w, "", "\n", "\n", asJSON(func(r *traffic.Record) object {
		return object{
			"timestamp": r.Time, "method": r.Request.Method, "path": r.Request.URL, "headers": first(r.Request.Header),
			"body": string(r.Request.Body), "response_status": r.Response.Status, "response_body": string(r.Response.Body),
		}
	}))
}

// first are headers with one value each.
func first(all map[string][]string) object {
	h := make(object, len(all))
	for name, values := range all {
		h[name] = values[0]
	}
	return h
}

func writeJournal(w io.Writer) written {
	return text(w, `{"requests": [`, ",\n", `], "meta": {"total": 1}}`, asJSON(func(r *traffic.Record) object {
		return object{
			"id": r.ID, "wasMatched": true,
			"request": object{
				"url": r.Request.URL, "absoluteUrl": "http://" + r.Request.Host + r.Request.URL, "method": r.Request.Method,
				"headers": first(r.Request.Header), "loggedDate": r.Time.UnixMilli(), "body": string(r.Request.Body),
			},
			"response": object{
				"status": r.Response.Status, "headers": first(r.Response.Header), "body": string(r.Response.Body),
			},
		}
	}))
}

func writePostman(w io.Writer) written {
	const head = `{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": [`
	return text(w, head, ",\n", `], "variable": [{"key": "host", "value": "shop.test"}]}`,
		asJSON(func(r *traffic.Record) object {
			return object{
				"name": r.ID,
				"request": object{
					"method": r.Request.Method, "url": "http://{{host}}" + r.Request.URL,
					"header": pairs(r.Request.Header), "body": object{"mode": "raw", "raw": string(r.Request.Body)},
				},
				"response": []object{{
					"code": r.Response.Status, "header": pairs(r.Response.Header), "body": string(r.Response.Body),
				}},
			}
		}))
}

func pairs(all map[string][]string) (list []object) {
	for name, values := range all {
		list = append(list, object{"key": name, "value": values[0]})
	}
	return list
}

func writeHoverfly(w io.Writer) written {
	exact := func(value string) []object { return []object{{"matcher": "exact", "value": value}} }
	const tail = `]}, "meta": {"schemaVersion": "v5"}}`
	return text(w, `{"data": {"pairs": [`, ",\n", tail, asJSON(func(r *traffic.Record) object {
		return object{
			"request": object{
				"method": exact(r.Request.Method), "path": exact(r.Request.URL), "destination": exact(r.Request.Host),
				"body": exact(string(r.Request.Body)),
			},
			"response": object{"status": r.Response.Status, "headers": r.Response.Header, "body": string(r.Response.Body)},
		}
	}))
}

func writePairs(w io.Writer) written {
	coded := base64.StdEncoding.EncodeToString
	return text(w, "", "\n", "\n", asJSON(func(r *traffic.Record) object {
		return object{
			"msgType": "rrpair", "ts": r.Time, "l7protocol": "http", "duration": 5, "uuid": r.ID, "direction": "IN",
			"http": object{
				"req": object{
					"method": r.Request.Method, "uri": r.Request.URL, "host": r.Request.Host, "headers": r.Request.Header,
					"bodyBase64": coded(r.Request.Body),
				},
				"res": object{
					"statusCode": r.Response.Status, "headers": r.Response.Header, "bodyBase64": coded(r.Response.Body),
				},
			},
		}
	}))
}

func writeKeploy(w io.Writer) written {
	return text(w, "", "---\n", "", func(r *traffic.Record) []byte {
		spec, _ := json.Marshal(object{ // which is YAML as well
			"req": object{
				"method": r.Request.Method, "url": "http://" + r.Request.Host + r.Request.URL,
				"header": first(r.Request.Header), "body": string(r.Request.Body), "timestamp": r.Time,
			},
			"resp": object{
				"status_code": r.Response.Status, "header": first(r.Response.Header), "body": string(r.Response.Body),
				"timestamp": r.Time.Add(r.Duration),
			},
			"created": r.Time.Unix(),
		})
		return fmt.Appendf(nil, "version: api.keploy.io/v1beta1\nkind: Http\nname: %s\nspec: %s\n", r.ID, spec)
	})
}
