package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// settings are those of the tool, not of a run: flags win over HEADGATE_*, which wins over
// .headgate.yaml in the working folder.
type settings struct {
	Color     string `mapstructure:"color"`
	Out       string `mapstructure:"out"`
	Verbose   bool   `mapstructure:"verbose"`
	noColor   bool
	inPlainCI bool
}

// settings reads the tool's settings; flags may be nil.
func (p *program) settings(flags *pflag.FlagSet) (settings, error) {
	s := settings{}
	v := viper.NewWithOptions(viper.ExperimentalBindStruct())
	v.SetEnvPrefix("HEADGATE")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_", "-", "_"))
	v.AutomaticEnv()
	v.SetConfigName(".headgate")
	v.SetConfigType("yaml")
	v.AddConfigPath(".")
	v.SetDefault("color", "auto")
	v.SetDefault("out", ".headgate/runs")
	for _, name := range []string{"color", "out", "verbose"} {
		if flags == nil || flags.Lookup(name) == nil {
			continue
		}
		if err := v.BindPFlag(name, flags.Lookup(name)); err != nil {
			return s, err
		}
	}
	var missing viper.ConfigFileNotFoundError
	if err := v.ReadInConfig(); err != nil && !errors.As(err, &missing) {
		return s, usage(fmt.Errorf(".headgate.yaml: %w", err), "it may hold: color, out, verbose")
	}
	if err := v.UnmarshalExact(&s); err != nil {
		return s, usage(fmt.Errorf(".headgate.yaml: %w", err), "it may hold: color, out, verbose")
	}
	if s.Color != "auto" && s.Color != "always" && s.Color != "never" {
		return s, usage(fmt.Errorf("color is %q", s.Color), "use auto, always or never")
	}
	if s.Out == "" {
		return s, usage(errors.New("out is empty"), "name a folder for the artifacts of runs, or leave it out")
	}
	no, set := p.env("NO_COLOR")
	s.noColor = set && no != ""
	ci, _ := p.env("CI")
	s.inPlainCI = ci != "" && ci != "false"
	return s, nil
}

// colors tells whether to colour what is written to w.
func (s settings) colors(w any) bool {
	if s.Color != "auto" {
		return s.Color == "always"
	}
	_, tty := isTerminal(w)
	return tty && !s.noColor
}
