package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

// options are the settings from the command line.
type options struct {
	header                   // of the report
	conditions               []cfimages.Condition
	delete, yes, batch, demo bool
	rate                     float64 // calls a second
	reserve                  float64 // share of the quota
	workers                  int     // images at a time
	report                   string
}

// Half of what Cloudflare's developer documentation allows: 1,200 calls in 5
// minutes for a user or token, and 200 a second from one address.
const (
	defaultRate      = 2
	defaultBatchRate = 100
	maxRate          = 200
)

// usualLatency is how long a call is expected to take.
const usualLatency = 200 * time.Millisecond

func parseArgs(args []string, user console) (*options, error) {
	opts := &options{header: header{Version: reportVersion}}
	flags := flag.NewFlagSet("prune", flag.ContinueOnError)
	opts.define(flags)
	if err := program.Parse(flags, args, user.out, "-older-than age [flags]", whereHelp); err != nil {
		return nil, err
	}
	if err := opts.check(user.terminal); err != nil {
		return nil, program.UsageError(err)
	}
	if opts.rate == 0 {
		opts.rate = defaultRate
		if opts.batch {
			opts.rate = defaultBatchRate
		}
	}
	if opts.workers == 0 {
		// More workers would only queue for their turn, which would lengthen the time
		// between the check of an image and its deletion.
		opts.workers = int(math.Ceil(opts.rate * usualLatency.Seconds()))
	}
	return opts, nil
}

func (o *options) define(flags *flag.FlagSet) {
	flags.Func("older-than", "only images uploaded longer ago than this `age`, such as 30d or 36h (required)", func(text string) error {
		age, err := parseAge(text)
		o.OlderThan, o.Cutoff = age.String(), time.Now().Add(-age).UTC()
		return err
	})
	flags.Func("where", "only images whose metadata meets this `condition`: see below", func(text string) error {
		condition, err := parseWhere(text)
		o.conditions, o.Where = append(o.conditions, condition), append(o.Where, text)
		return err
	})
	flags.Func("creator", "only images of this `creator`", func(creator string) error {
		if creator == "" {
			return errors.New("must not be empty")
		}
		o.Creator = creator
		return nil
	})
	flags.BoolVar(&o.All, "all", false, "all images of that age (required without -where and -creator)")
	flags.IntVar(&o.Limit, "limit", 0, "only the oldest `n` of these images (default: no limit)")
	flags.BoolVar(&o.delete, "delete", false, "delete the images after a confirmation (default: only show them)")
	flags.BoolVar(&o.yes, "yes", false, "delete without a confirmation")
	flags.StringVar(&o.report, "report", "", "write the plan and the outcome of each image to this `file`, or continue it (required by -delete)")
	flags.Float64Var(&o.rate, "rate", 0, "at most this number of `calls` per second; a deletion takes one call, or two for a custom ID (default: 2, or 100 with -batch)")
	flags.Float64Var(&o.reserve, "reserve", 0.25, "wait while less than this `share` of the rate limit's quota is left")
	flags.IntVar(&o.workers, "workers", 0, "delete at most `n` images concurrently, 1 to 64 (default: enough for -rate if a call takes 0.2 s)")
	flags.BoolVar(&o.batch, "batch", false, "use Cloudflare's batch host, whose calls do not count against the rate limit")
	flags.BoolVar(&o.demo, "demo", false, "use an in-process server, without an account")
}

// check rejects ambiguous command lines: a deletion cannot be undone.
func (o *options) check(terminal bool) error {
	filtered := len(o.Where) > 0 || o.Creator != ""
	switch {
	case o.OlderThan == "":
		return errors.New("-older-than is missing: set a minimum age, such as -older-than 30d")
	case !filtered && !o.All:
		return errors.New("select the images with -where, -creator, or -all for all of that age")
	case filtered && o.All:
		return errors.New("-all cannot be combined with -where or -creator")
	case o.Limit < 0:
		return fmt.Errorf("-limit must not be negative, got %d", o.Limit)
	case o.rate != 0 && !(o.rate >= 0.01 && o.rate <= maxRate): // NaN is rejected too
		return fmt.Errorf("-rate must be 0.01 to 200 calls a second, got %v", o.rate)
	case !(o.reserve >= 0 && o.reserve < 1):
		return fmt.Errorf("-reserve must be at least 0 and less than 1, got %v", o.reserve)
	case o.workers < 0 || o.workers > 64:
		return fmt.Errorf("-workers must be 1 to 64, got %d", o.workers)
	case o.delete && o.report == "":
		return errors.New("-delete requires -report, which records what was deleted")
	case o.delete && !o.yes && !terminal:
		return errors.New("there is no terminal to confirm -delete: use -yes to delete without a confirmation")
	}
	return cfimages.Where(o.conditions...).Validate()
}

// parseAge parses a duration or a number of days.
func parseAge(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	age, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int64
		n, err = strconv.ParseInt(days, 10, 64)
		if n > math.MaxInt64/int64(day) {
			return 0, errors.New("is too long")
		}
		age = time.Duration(n) * day
	}
	switch {
	case err != nil:
		return 0, errors.New("must be days, such as 30d, or hours, minutes and seconds, such as 36h or 1h30m")
	case age <= 0:
		return 0, errors.New("must be positive")
	}
	return age, nil
}

const whereHelp = `Each -where is one condition on the metadata. If it is repeated, all conditions
must be met.

  status=expired           equals; Cloudflare determines the type of the value
  region.name=eu-west      a field of a nested object
  priority<=2              a range of numbers: > >= < <=

Quote < and > for the shell: -where 'priority<=2'.
`

// parseWhere parses one condition. The first of = > < ends the field, and
// everything after the operator is the value. examples/list supports more types.
func parseWhere(text string) (none cfimages.Condition, err error) {
	at := strings.IndexAny(text, "=<>")
	if at < 0 {
		return none, errors.New("the operator is missing, one of = > >= < <=")
	}
	field, operator, value := text[:at], text[at:at+1], text[at+1:]
	if operator == "=" {
		return cfimages.EqUntyped(field, value), nil
	}
	if rest, ok := strings.CutPrefix(value, "="); ok {
		operator, value = operator+"=", rest
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil { // exact to 64 bits
		return compare(field, operator, n), nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(math.Abs(n) < 1<<53) { // larger integers may not be exact as a float64
		return none, fmt.Errorf("%s requires a number, got %q", operator, value)
	}
	return compare(field, operator, n), nil
}

func compare[T cfimages.Number](field, operator string, value T) cfimages.Condition {
	switch operator {
	case ">":
		return cfimages.Gt(field, value)
	case ">=":
		return cfimages.Gte(field, value)
	case "<":
		return cfimages.Lt(field, value)
	}
	return cfimages.Lte(field, value)
}
