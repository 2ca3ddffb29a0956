// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config is the member config of an upload's metadata.assets. Its zero value has Cloudflare's defaults. Source:
// workers-sdk, packages/deploy-helpers/src/deploy/helpers/create-worker-upload-form.ts, AssetConfigMetadata.
type Config struct {
	HTMLHandling     string          `json:"html_handling"`      // empty: auto-trailing-slash
	NotFoundHandling string          `json:"not_found_handling"` // empty: none
	BasePath         *string         `json:"base_path"`          // nil: "/"
	RunWorkerFirst   json.RawMessage `json:"run_worker_first"`   // a boolean or a list of rules
	Redirects        string          `json:"_redirects"`         // the text of the file _redirects
	Headers          string          `json:"_headers"`           // the text of the file _headers
}

// The ways to map paths to HTML files.
const (
	autoTrailingSlash  = "auto-trailing-slash"
	forceTrailingSlash = "force-trailing-slash"
	dropTrailingSlash  = "drop-trailing-slash"
	none               = "none"
)

// The ways to answer paths without a file.
const (
	notFoundPage          = "404-page"
	singlePageApplication = "single-page-application"
)

// Limits of run_worker_first: utils/configuration/constants.ts.
const (
	maxRules      = 100
	maxRuleLength = 100
)

// check returns what Cloudflare refuses about the configuration.
func (c Config) check() error {
	if !slices.Contains([]string{"", autoTrailingSlash, forceTrailingSlash, dropTrailingSlash, none}, c.HTMLHandling) {
		return fmt.Errorf("assets.config.html_handling %q is not known", c.HTMLHandling)
	}
	if !slices.Contains([]string{"", none, notFoundPage, singlePageApplication}, c.NotFoundHandling) {
		return fmt.Errorf("assets.config.not_found_handling %q is not known", c.NotFoundHandling)
	}
	if _, err := c.basePath(); err != nil {
		return err
	}
	_, err := c.routing()
	return err
}

// routing says which paths go to the Worker without a look at the assets.
type routing struct {
	always bool  // all
	rules  bool  // whether there are rules
	assets globs // these go to the assets whatever the others say
	worker globs // these go to the Worker
}

// routing reads run_worker_first. The words of the errors: utils/configuration/parseStaticRouting.ts.
func (c Config) routing() (routing, error) {
	var r routing
	if len(c.RunWorkerFirst) == 0 || string(c.RunWorkerFirst) == "null" {
		return r, nil
	}
	if json.Unmarshal(c.RunWorkerFirst, &r.always) == nil {
		return r, nil
	}
	var rules []string
	if err := json.Unmarshal(c.RunWorkerFirst, &rules); err != nil {
		return r, errors.New("assets.config.run_worker_first must be a boolean or a list of rules")
	}
	if len(rules) == 0 {
		return r, refuse("No `run_worker_first` rules were provided; must provide at least 1 rule.")
	}
	if len(rules) > maxRules {
		return r, refuse("Too many `run_worker_first` rules were provided; %d rules provided exceeds max of %d.",
			len(rules), maxRules)
	}
	positive, negative, wrong := sortRules(rules)
	if len(negative) > 0 && len(positive) == 0 {
		return r, refuse("Only negative `run_worker_first` rules were provided; " +
			"must provide at least 1 non-negative rule")
	}
	if wrong = slices.Concat(wrong, wrongRules(positive), wrongRules(negative)); len(wrong) > 0 {
		return r, refuse("Invalid routes in `run_worker_first`:\n%s", strings.Join(wrong, "\n"))
	}
	r.rules = true
	for _, rule := range negative {
		r.assets = append(r.assets, strings.TrimPrefix(rule, "!"))
	}
	r.worker = positive
	return r, nil
}

// refuse returns an error in Cloudflare's words, which are sentences.
func refuse(format string, args ...any) error { return fmt.Errorf(format, args...) }

// sortRules tells negative rules from others.
func sortRules(rules []string) (positive, negative, wrong []string) {
	for _, rule := range rules {
		switch {
		case strings.HasPrefix(rule, "!/"):
			negative = append(negative, rule)
		case strings.HasPrefix(rule, "/"):
			positive = append(positive, rule)
		case strings.HasPrefix(rule, "!"):
			wrong = append(wrong, fmt.Sprintf("'%s': negative rules must start with '!/'", rule))
		default:
			wrong = append(wrong, fmt.Sprintf("'%s': rules must start with '/' or '!/'", rule))
		}
	}
	return positive, negative, wrong
}

// wrongRules says what is wrong with rules of one sign.
func wrongRules(rules []string) (wrong []string) {
	seen := map[string]bool{}
	for _, rule := range rules {
		if len(rule) > maxRuleLength {
			wrong = append(wrong, fmt.Sprintf("'%s': all rules must be less than %d characters in length", rule, maxRuleLength))
		}
		if seen[rule] {
			wrong = append(wrong, fmt.Sprintf("'%s': rule is a duplicate; rules must be unique", rule))
		}
		seen[rule] = true
		prefix, glob := strings.CutSuffix(rule, "*")
		for _, other := range rules {
			if glob && other != rule && strings.HasPrefix(other, prefix) {
				wrong = append(wrong, fmt.Sprintf("'%s': rule '%s' makes it redundant", other, rule))
			}
		}
	}
	return wrong
}

// globs are patterns in which * stands for anything.
type globs []string

// match tells whether one of the patterns is the whole path.
func (g globs) match(path string) bool {
	return slices.ContainsFunc(g, func(pattern string) bool { return glob(pattern, path) })
}

// glob matches greedily from both ends, and the parts between in order.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	if text, ok = strings.CutSuffix(text, last); !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = rest
	}
	return true
}
