package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/noise"
	"github.com/headgate-dev/headgate/traffic/shadow"
)

type shadowFlags struct {
	listen, primary, candidate, secondary string
	sample, suffix, compare, out, maxBody string
	sampleBy                              []string
	unsafe                                bool
	inFlight                              int
	timeout, duration                     time.Duration
}

func (p *program) shadowCommand() *cobra.Command {
	var f shadowFlags
	cmd := &cobra.Command{
		Use:   "shadow",
		Short: "Serve a service and show a candidate the same requests, to compare their answers",
		Long: `Shadow stands in front of a service that is in use. It serves the answers of the primary, shows the
candidate the same requests beside the clients' way, and compares both answers by the rules of a
run file's compare block, until Ctrl-C or --duration.

Clients wait for nothing: a request is put into a queue when its answer is complete, and what there is
no room for is shed and counted by its reason. Each request is mirrored once at most. Event streams,
upgraded connections such as WebSockets, and bodies longer than --max-body are not mirrored.

Only GET, HEAD and OPTIONS are mirrored unless --allow-unsafe is given: a mirrored POST changes what the
candidate stores, and what is behind it. Candidate, and secondary, must then be deployments with data of
their own. Mirrored requests carry X-Headgate-Shadow: 1.

Ids and times that each answer issues anew differ: say so in the compare block, or give a --secondary, a
second instance of the primary's build. What differs between those two is noise and told apart.

OUT gets diffs.jsonl, a line for each difference (the first 100 of each field), and shadow.json.

Exit codes: 0 no differences, 1 differences, or requests that only the primary answered, 2 less than half
of what was to be mirrored could be compared, 3 wrong flags, 4 an address or folder could not be had.`,
		Example: `  headgate shadow --listen :8080 --primary http://127.0.0.1:9090 --candidate http://127.0.0.1:9091 \
      --secondary http://127.0.0.1:9092 --sample 10% --compare pipeline.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.shadow(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address the clients call")
	flags.StringVar(&f.primary, "primary", "", "URL of the service that answers the clients (required)")
	flags.StringVar(&f.candidate, "candidate", "", "URL of the service that is compared with it (required)")
	flags.StringVar(&f.secondary, "secondary", "", "URL of a second instance of the primary's build, to tell noise")
	flags.StringVar(&f.sample, "sample", "100%", "share of the requests that are mirrored, whole traces at a time")
	flags.StringArrayVar(&f.sampleBy, "sample-by", nil, "header whose values are mirrored all or none; may be repeated")
	flags.BoolVar(&f.unsafe, "allow-unsafe", false, "mirror all methods, those of one client connection in order")
	flags.StringVar(&f.suffix, "suffix", "", "appended to the host name of mirrored requests, such as -shadow")
	flags.StringVar(&f.compare, "compare", "", "file with the rules: a compare block, or a run file that has one")
	flags.StringVar(&f.out, "out", "", "folder for the artifacts (default .headgate/shadow/<id>)")
	flags.IntVar(&f.inFlight, "max-in-flight", shadow.DefaultInFlight, "how many requests are mirrored at a time")
	flags.StringVar(&f.maxBody, "max-body", "1MiB", "longest body that is mirrored")
	flags.DurationVar(&f.timeout, "timeout", shadow.DefaultTimeout, "how long a mirrored request may take")
	flags.DurationVar(&f.duration, "duration", 0, "end after so long (default: at Ctrl-C)")
	return cmd
}

// options reads the flags.
func (f shadowFlags) options() (o shadow.Options, err error) {
	o = shadow.Options{Unsafe: f.unsafe, Suffix: f.suffix, InFlight: f.inFlight, Timeout: f.timeout}
	if o.Primary, err = shadowURL("--primary", f.primary, true); err != nil {
		return o, err
	}
	if o.Candidate, err = shadowURL("--candidate", f.candidate, true); err != nil {
		return o, err
	}
	if o.Secondary, err = shadowURL("--secondary", f.secondary, false); err != nil {
		return o, err
	}
	if err := f.distinct(o); err != nil {
		return o, err
	}
	share, err := spec.ParseRatio(f.sample)
	if err != nil || share == 0 {
		return o, usage(fmt.Errorf("--sample %s: expected more than 0, up to 100%%", f.sample), "for example --sample 10%")
	}
	if o.Sampler, err = capture.NewSampler(float64(share), f.sampleBy...); err != nil {
		return o, usage(err, "")
	}
	size, err := spec.ParseBytes(f.maxBody)
	switch {
	case err != nil || size <= 0:
		return o, usage(fmt.Errorf("--max-body %s: expected a size", f.maxBody), "for example --max-body 1MiB")
	case f.inFlight < 1:
		return o, usage(fmt.Errorf("--max-in-flight %d: expected 1 or more", f.inFlight), "")
	case f.timeout <= 0:
		return o, usage(fmt.Errorf("--timeout %s: expected more than 0", f.timeout), "")
	case f.duration < 0:
		return o, usage(fmt.Errorf("--duration %s: expected more than 0", f.duration), "")
	}
	o.MaxBody = int64(size)
	return o, nil
}

// distinct refuses who would call itself, and a candidate that is no other than the primary: both would answer alike.
func (f shadowFlags) distinct(o shadow.Options) error {
	for _, of := range []struct {
		flag string
		url  *url.URL
	}{{"--primary", o.Primary}, {"--candidate", o.Candidate}, {"--secondary", o.Secondary}} {
		if of.url != nil && ownAddress([]string{f.listen}, addressOf(of.url)) {
			return usage(fmt.Errorf("%s %s is the address of --listen", of.flag, of.url), "choose another address with --listen")
		}
	}
	if o.Candidate.String() == o.Primary.String() {
		return usage(fmt.Errorf("--candidate is the primary, %s: nothing would differ", o.Primary),
			"name the service to compare with it")
	}
	return nil
}

func shadowURL(flag, text string, need bool) (*url.URL, error) {
	if text == "" && !need {
		return nil, nil
	}
	hint := "for example " + flag + " http://127.0.0.1:9090"
	if text == "" {
		return nil, usage(fmt.Errorf("%s is missing", flag), hint)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage(fmt.Errorf("%s: %q is no http or https URL", flag, text), hint)
	}
	return u, nil
}

// readCompare reads the rules of comparison: the file is a compare block, or a run file with one.
func (p *program) readCompare(path string) (*compare.Comparer, error) {
	config := compare.DefaultConfig()
	if path == "" {
		return compare.New(config)
	}
	doc, ds := spec.Load(path, spec.Options{Env: p.env, Reserved: engine.References()})
	if err := ds.Err(); err != nil {
		return nil, err
	}
	block := doc.Root
	if replay := block.Key("replay"); replay != nil {
		block = replay
	}
	if within := block.Key("compare"); within != nil {
		block = within
	} else if block != doc.Root {
		return nil, usage(fmt.Errorf("--compare %s: the run file has no replay.compare", path), "leave --compare out")
	}
	ds.Add(spec.Decode(block, &config))
	if config.Noise != "" {
		ds.Add(applyNoise(&config, filepath.Join(filepath.Dir(path), config.Noise), block.Key("noise").Pos()))
	}
	if err := ds.Err(); err != nil {
		return nil, err
	}
	comparer, err := compare.New(config)
	if err != nil {
		ds.Errorf(block.Pos(), "", "compare: %v", err)
	}
	return comparer, ds.Err()
}

// applyNoise adds the rules of a file of learned noise.
func applyNoise(config *compare.Config, path string, at spec.Pos) (ds spec.Diagnostics) {
	src, err := os.ReadFile(path)
	if err != nil {
		ds.Errorf(at, "make it with headgate noise learn", "noise: %v", err)
		return ds
	}
	file, ds := noise.Parse(path, src)
	file.Apply(config)
	return ds
}
