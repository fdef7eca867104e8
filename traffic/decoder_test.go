package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// same holds the two ways of decoding against each other.
func same(t *testing.T, d *Decoder, line []byte) {
	t.Helper()
	buffer := bytes.Clone(line)
	fast := d.decode(buffer)
	if fast == nil {
		return
	}
	clear(buffer)
	slow := new(Record)
	if err := slow.unmarshal(line); err != nil {
		t.Fatalf("%s was read, but: %v", line, err)
	}
	if diff := cmp.Diff(slow, fast); diff != "" {
		t.Fatalf("%s (-encoding/json +fast):\n%s", line, diff)
	}
	if a, b := slow.Time.String(), fast.Time.String(); a != b {
		t.Fatalf("time %s, want %s", b, a)
	}
}

func TestDecodeIsFastForWhatIsWritten(t *testing.T) {
	var d Decoder
	for name, r := range odd() {
		line, err := r.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		plain := !bytes.Contains(line, []byte(`\ufffd`)) // which names of headers are not expected to have
		if valid := new(Record).unmarshal(line) == nil; plain && valid != (d.decode(line) != nil) {
			t.Errorf("%s: valid is %t, not so for the decoder: %s", name, valid, line)
		}
		same(t, &d, line)
	}
}

// Whatever is changed in a line, the decoder reads the same record as encoding/json or leaves it to it.
func TestDecodeAgrees(t *testing.T) {
	const line = `{"id":"1","time":"2026-11-01T00:00:00Z","direction":"inbound","duration_ms":1.5,` +
		`"request":{"method":"GET","url":"/","headers":{"x-a":["1","2"]},"body":"x"},` +
		`"response":{"status":200,"headers":{"A":["b"]},"body_base64":"YQ=="}}`
	tests := map[string]struct {
		old, new string
		fast     bool
	}{
		"as it is":           {"", "", true},
		"space":              {`,"`, " ,\t\r\n\"", true},
		"space behind":       {`}}`, `}} `, true},
		"more behind":        {`}}`, `}}x`, false},
		"escapes":            {`"1"`, `"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00"`, true},
		"half a pair":        {`"1"`, `"\ud83d"`, false},
		"wrong half":         {`"1"`, `"\ud83d\u0041"`, false},
		"other half":         {`"1"`, `"\ude00"`, false},
		"odd escape":         {`"1"`, `"\x41"`, false},
		"short escape":       {`"1"`, `"\u41"`, false},
		"long text":          {`"1"`, `"` + strings.Repeat(`0123456789\"`, 1000) + `"`, true},
		"long value":         {`"2"`, `"` + strings.Repeat("v", 10_000) + `"`, true},
		"control":            {`"1"`, "\"\x1f\"", false},
		"unknown":            {`"id"`, `"later":1,"id"`, false},
		"upper case":         {`"id"`, `"ID"`, false},
		"escaped name":       {`"id"`, `"\u0069d"`, false},
		"twice":              {`"id"`, `"id":"2","id"`, false},
		"request twice":      {`"request"`, `"request":{},"request"`, false},
		"null":               {`"1"`, `null`, false},
		"status twice":       {`"status"`, `"status":300,"status"`, false},
		"status of zero":     {`200`, `0200`, false},
		"status in parts":    {`200`, `200.0`, false},
		"large status":       {`200`, `20000000000000`, false},
		"small status":       {`200`, `99`, false},
		"exponent":           {`1.5`, `1e2`, false},
		"no fraction":        {`1.5`, `1.`, false},
		"minus":              {`1.5`, `-1`, false},
		"long number":        {`1.5`, `9007199254.740991`, true},
		"too long a time":    {`1.5`, `9007199254.740993`, false},
		"zone":               {`00Z`, `00+01:00`, true},
		"fraction":           {`00Z`, `00.123456789Z`, true},
		"no time":            {`00Z`, `0Z`, false},
		"direction":          {`inbound`, `sideways`, false},
		"protocol":           {`"id"`, `"protocol":"http","id"`, true},
		"empty protocol":     {`"id"`, `"protocol":"","id"`, true},
		"odd protocol":       {`"id"`, `"protocol":"ftp","id"`, false},
		"two bodies":         {`"body"`, `"body_base64":"","body"`, false},
		"empty body":         {`"x"`, `""`, true},
		"empty base64":       {`YQ==`, ``, true},
		"not base64":         {`YQ==`, `Y`, false},
		"escaped base64":     {`YQ==`, `YQ\u003d=`, false},
		"names in two cases": {`"x-a"`, `"X-A":["0"],"x-a"`, false},
		"no values":          {`["1","2"]`, `[]`, true},
		"comma at the end":   {`["1","2"]`, `["1","2",]`, false},
		"no comma":           {`["1","2"]`, `["1" "2"]`, false},
		"no headers":         {`{"x-a":["1","2"]}`, `{}`, true},
		"odd name":           {`"x-a"`, `"x a\u00e9"`, false},
		"name not ASCII":     {`"x-a"`, `"x-\u00e9"`, false},
		"sql":                {`"method"`, `"sql":"","method"`, false},
		"no params":          {`"method"`, `"params":[],"method"`, false},
		"then":               {`"status"`, `"then":[],"status"`, false},
		"columns":            {`"status"`, `"columns":[],"status"`, false},
		"tag":                {`"status"`, `"tag":"","status"`, false},
		"no method":          {`"GET"`, `""`, false},
		"odd method":         {`"GET"`, `"G T"`, false},
		"no request":         {`"request"`, `"response"`, false},
		"not utf-8":          {`"1"`, "\"\xff\"", false},
		"cut off":            {`}}`, `}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var d Decoder
			src := []byte(strings.Replace(line, test.old, test.new, 1))
			if fast := d.decode(src) != nil; fast != test.fast {
				t.Errorf("fast is %t: %s", fast, src)
			}
			same(t, &d, src)
		})
	}
}

// A record is not changed by those that are read behind it.
func TestDecodeSharesNothing(t *testing.T) {
	var d Decoder
	var read []*Record
	written := orders(1500, 10) // more sessions, names and words than are kept
	for i, r := range written {
		r.Session, r.Service = fmt.Sprint("session ", i), strings.Repeat("s", i%100+1)
		r.Request.Header[fmt.Sprint("X-", i)] = []string{"a", "b"}
		line, _ := r.AppendJSON(nil)
		got, err := d.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		clear(line)
		name := fmt.Sprint("X-", i)
		got.Request.Header[name] = append(got.Request.Header[name], "c")
		read = append(read, got)
	}
	for i, r := range written {
		r.Request.Header[fmt.Sprint("X-", i)] = []string{"a", "b", "c"}
	}
	if diff := cmp.Diff(written, read); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestDecodeAgreesOnQueries(t *testing.T) {
	const line = `{"id":"1","time":"2026-11-01T00:00:00Z","direction":"outbound","protocol":"postgres",` +
		`"request":{"sql":"a","params":[{"type":"int8","value":"20"},{"value":null}],"host":"h"},` +
		`"response":{"columns":[{"name":"x","type":"text"}],"rows":[["1"],[null]],"tag":"SELECT 2",` +
		`"then":[{"error":{"sqlstate":"23505","message":"m","fields":{"detail":"d"}}}]}}`
	tests := map[string]struct {
		old, new string
		fast     bool
	}{
		"as it is":        {"", "", true},
		"inbound":         {`outbound`, `inbound`, false},
		"no sql":          {`"sql":"a",`, ``, false},
		"a method":        {`"sql"`, `"method":"","sql"`, false},
		"headers":         {`"sql"`, `"headers":{},"sql"`, false},
		"a tag":           {`"sql"`, `"tag":"x","sql"`, false},
		"a status":        {`"tag"`, `"status":200,"tag"`, false},
		"sql there":       {`"tag"`, `"sql":"x","tag"`, false},
		"http":            {`postgres`, `http`, false},
		"no answer":       {`"response"`, `"later"`, false},
		"two values":      {`"20"`, `"20","value":null`, false},
		"not null":        {`null`, `nul`, false},
		"at the end":      {`null`, `n`, false},
		"a number":        {`null`, `1`, false},
		"nothing":         {`{"value":null}`, `{}`, true},
		"odd member":      {`{"value":null}`, `{"x":1}`, false},
		"uneven rows":     {`[null]`, `[null,null]`, false},
		"empty row":       {`[null]`, `[]`, false},
		"no row":          {`[["1"],[null]]`, `[]`, true},
		"null row":        {`[null]`, `null`, false},
		"columns twice":   {`"rows"`, `"columns":[],"rows"`, false},
		"null type":       {`"text"`, `null`, true},
		"no columns":      {`{"name":"x","type":"text"}`, ``, false},
		"tag and error":   {`"then"`, `"error":{"sqlstate":"1"},"then"`, false},
		"no state":        {`23505`, ``, false},
		"no fields":       {`{"detail":"d"}`, `{}`, true},
		"field twice":     {`{"detail":"d"}`, `{"detail":"d","detail":"e"}`, false},
		"then there":      {`{"error"`, `{"then":[],"error"`, false},
		"nothing behind":  {`"tag":"SELECT 2","then":`, `"x":`, false},
		"then twice":      {`"then"`, `"then":[],"then"`, false},
		"then of nothing": {`[{"error":{"sqlstate":"23505","message":"m","fields":{"detail":"d"}}}]`, `[]`, true},
		"several answers": {`{"error"`, `{"rows":[],"columns":[]},{"tag":"BEGIN"},{},{"error"`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var d Decoder
			src := []byte(strings.Replace(line, test.old, test.new, 1))
			if fast := d.decode(src) != nil; fast != test.fast {
				t.Errorf("fast is %t: %s", fast, src)
			}
			same(t, &d, src)
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range odd() {
		line, _ := r.AppendJSON(nil)
		f.Add(line)
	}
	var d Decoder
	f.Fuzz(func(t *testing.T, line []byte) { same(t, &d, line) })
}

// BenchmarkDecode has two peers: UnmarshalJSON as it would be with encoding/json, and no more than
// encoding/json into structs of the same form.
func BenchmarkDecode(b *testing.B) {
	for name, size := range map[string]int{"small": 100, "2kB": 2000} {
		var lines [][]byte
		total := 0
		for _, r := range orders(100, size) {
			line, _ := r.AppendJSON(nil)
			lines = append(lines, line)
			total += len(line)
		}
		run := func(name string, decode func([]byte) error) {
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(total))
				b.ReportAllocs()
				for b.Loop() {
					for _, line := range lines {
						if err := decode(line); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
		var d Decoder
		run(name, func(line []byte) error {
			if d.decode(line) == nil {
				return fmt.Errorf("not read fast: %s", line)
			}
			return nil
		})
		run(name+"/slow", func(line []byte) error { return new(Record).unmarshal(line) })
		run(name+"/encoding-json", func(line []byte) error { return json.Unmarshal(line, new(recordJSON)) })
	}
}
