package engine

import (
	"time"

	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// ReportSchema is the version of the report's JSON form. It grows by one when a field changes its
// meaning or goes away; new fields do not change it.
const ReportSchema = 1

// Report is all that is known at the end of a run. It is what verdict.json holds; its schema is
// published as schemas/verdict.schema.json.
type Report struct {
	// Schema is ReportSchema.
	Schema int `json:"schema"`
	// RunID names the run and its artifacts folder.
	RunID string `json:"run_id"`
	// Pipeline is the name of the run file's pipeline, File its path as it was given.
	Pipeline string  `json:"pipeline"`
	File     string  `json:"file"`
	Verdict  Verdict `json:"verdict"`
	ExitCode int     `json:"exit_code"`
	// Cause is one sentence: why this verdict.
	Cause string `json:"cause"`
	// Hint says what to do about it; often empty.
	Hint string `json:"hint,omitempty"`
	// Details are further lines worth seeing, such as the end of a log.
	Details []string `json:"details,omitempty"`
	// Flaky is true where a phase passed only after it was tried again.
	Flaky   bool      `json:"flaky"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Seed    uint64    `json:"seed"`
	// Reproduce is the command line that does this run again.
	Reproduce string `json:"reproduce"`
	// Fingerprint says what the measured numbers depend on: runs compare only where it agrees.
	Fingerprint map[string]string `json:"fingerprint"`
	Phases      []PhaseReport     `json:"phases"`
	Gates       []gates.Result    `json:"gates"`
	// Accounting holds one count for each way a planned request can end; their sum is Planned.
	Accounting  Accounting         `json:"accounting"`
	Endpoints   []EndpointReport   `json:"endpoints"`
	Differences []DifferenceReport `json:"differences"`
	Mocks       []MockReport       `json:"mocks"`
	Services    []ServiceReport    `json:"services"`
	Databases   []DatabaseReport   `json:"databases,omitempty"`
	// BringUp tells how long each phase took to bring up what it starts.
	BringUp []BringUpReport `json:"bring_up,omitempty"`
	// Notes are things the user should know that decided nothing, such as how sessions were found.
	Notes []string `json:"notes,omitempty"`
	// Artifacts are the files of the run, relative to its folder.
	Artifacts []string `json:"artifacts"`
	// Dir is the run's folder.
	Dir string `json:"dir"`
	// Snapshot is what the gates were judged on.
	Snapshot *metric.Snapshot `json:"-"`
}

// PhaseReport tells how a phase went.
type PhaseReport struct {
	Name string `json:"name"`
	// Outcome is passed, failed, inconclusive, errored or skipped.
	Outcome  gates.Outcome `json:"outcome"`
	Seconds  float64       `json:"seconds"`
	Attempts int           `json:"attempts"`
	// Why says why a phase was skipped or could not go on.
	Why string `json:"why,omitempty"`
}

// Accounting is where each planned request ended.
type Accounting struct {
	Planned         int `json:"planned"`
	Matched         int `json:"matched"`
	Differed        int `json:"differed"`
	StatusDiffered  int `json:"status_differed"`
	TransportErrors int `json:"transport_error"`
	TimedOut        int `json:"timed_out"`
	Shed            int `json:"shed"`
	Aborted         int `json:"aborted"`
	Skipped         int `json:"skipped"`
}

// Sum adds up all buckets.
func (a Accounting) Sum() int {
	return a.Matched + a.Differed + a.StatusDiffered + a.TransportErrors + a.TimedOut + a.Shed + a.Aborted + a.Skipped
}

// EndpointReport tells how one endpoint answered.
type EndpointReport struct {
	Endpoint string `json:"endpoint"`
	Requests int    `json:"requests"`
	// StatusPassRate and BodyMatchRate are absent where nothing could be compared.
	StatusPassRate    *float64      `json:"status_pass_rate,omitempty"`
	BodyMatchRate     *float64      `json:"body_match_rate,omitempty"`
	ResponseMatchRate *float64      `json:"response_match_rate,omitempty"`
	Latency           LatencyReport `json:"latency"`
}

// LatencyReport holds quantiles in seconds.
type LatencyReport struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// DifferenceReport is one kind of difference at one place of one endpoint's answers.
type DifferenceReport struct {
	Endpoint string `json:"endpoint"`
	// Path is where: a JSON path with array indexes as [], "status", "header.NAME" or "body".
	Path string `json:"path"`
	Kind string `json:"kind"`
	// Count answers of Of compared ones differed there.
	Count   int64            `json:"count"`
	Of      int64            `json:"of"`
	Samples []DifferentValue `json:"samples"`
	// Suggestion is the line to add to the run file if the difference is meant.
	Suggestion string `json:"suggestion,omitempty"`
}

// DifferentValue is a sample of a difference.
type DifferentValue struct {
	// Record is the ID of the recorded request.
	Record   string `json:"record"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	// Curl is a command that sends the request again.
	Curl string `json:"curl,omitempty"`
}

// MockReport tells what a mock served.
type MockReport struct {
	Name     string `json:"name"`
	Engine   string `json:"engine"`
	Stubs    int    `json:"stubs"`
	Requests int64  `json:"requests"`
	Matched  int64  `json:"matched"`
	// Unmatched requests were answered with the miss status and are listed in Misses.
	Unmatched int64 `json:"unmatched"`
	// UnusedStubs were never asked for; MissingCalls are recorded calls that the application did not
	// make, ExtraCalls those it made beyond the recording.
	UnusedStubs  int          `json:"unused_stubs"`
	MissingCalls int64        `json:"missing_calls"`
	ExtraCalls   int64        `json:"extra_calls"`
	Misses       []MockMiss   `json:"misses,omitempty"`
	Calls        []CallReport `json:"calls,omitempty"`
}

// MockMiss is one distinct request that no stub answers.
type MockMiss struct {
	Request string `json:"request"` // method and target
	Count   int64  `json:"count"`
	// Nearest names the stub that came closest, Differs what differed from it.
	Nearest string   `json:"nearest,omitempty"`
	Differs []string `json:"differs,omitempty"`
	// Changed is true where a recorded call to the same endpoint is missing: the application makes
	// the call, but differently.
	Changed bool `json:"changed"`
	// Suggestion is the line to add to the mock's settings in the run file if the call is meant.
	Suggestion string `json:"suggestion,omitempty"`
}

// CallReport is one endpoint of a mock whose calls are not as recorded.
type CallReport struct {
	Endpoint string `json:"endpoint"`
	Recorded int64  `json:"recorded"`
	Made     int64  `json:"made"`
}

// ServiceReport tells how a service behaved.
type ServiceReport struct {
	Name string `json:"name"`
	// StartupSeconds is how long it took from its start until it was ready, ReadySeconds how long it
	// stayed so.
	ReadySeconds   float64 `json:"ready_seconds"`
	StartupSeconds float64 `json:"startup_seconds"`
	CPUSeconds     float64 `json:"cpu_seconds"`
	MemPeakBytes   int64   `json:"mem_peak_bytes"`
	Restarts       int64   `json:"restarts"`
	LogLines       int64   `json:"log_lines"`
	// Phase is the one that started it, Image what it runs where that is a container.
	Phase string `json:"phase,omitempty"`
	Image string `json:"image,omitempty"`
	// State is the container engine's word for its state at the end; OOMKills tells how often it ran out
	// of memory.
	State    string `json:"state,omitempty"`
	OOMKills int64  `json:"oom_kills"`
	// ExitCode is the exit status of one that has ended by itself.
	ExitCode *int `json:"exit_code,omitempty"`
	// Phases tell what it used during each phase.
	Phases []ServicePhase `json:"phases,omitempty"`
	// Egress tells how it was isolated; absent where it was not.
	Egress *EgressReport `json:"egress,omitempty"`
	// NewErrors are kinds of error lines that the baseline does not know, KnownErrors those it does.
	NewErrors   []LogPattern `json:"new_log_errors,omitempty"`
	KnownErrors []LogPattern `json:"known_log_errors,omitempty"`
}

// DatabaseReport tells how a database was filled and used.
type DatabaseReport struct {
	Name string `json:"name"`
	// Engine is the kind of database and its version.
	Engine string `json:"engine"`
	// Tables and Rows are what it held before the application came.
	Tables int   `json:"tables"`
	Rows   int64 `json:"rows"`
	// SeedSeconds is how long it took to load the files, RestoreSeconds to put the database back to them;
	// Restores is how often that was done.
	SeedSeconds    float64 `json:"seed_seconds"`
	RestoreSeconds float64 `json:"restore_seconds"`
	Restores       int     `json:"restores"`
	// Reads and Writes are rows that the application has read and written, as the metrics of the same
	// names tell.
	Reads  int64 `json:"reads"`
	Writes int64 `json:"writes"`
	// Schema is what the query of the schema gave; absent where none is asked.
	Schema string `json:"schema,omitempty"`
	// Findings say what is not as it should be, by the metric that tells it: schema_current, read_write or
	// restore.
	Findings map[string]string `json:"findings,omitempty"`
}

// LogPattern is a kind of log line: what its lines have in common.
type LogPattern struct {
	Text  string `json:"text"`
	Count int64  `json:"count"`
	First string `json:"first"`
}
