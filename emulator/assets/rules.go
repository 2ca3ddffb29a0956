// SPDX-License-Identifier: Apache-2.0

package assets

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of the two files: utils/configuration/constants.ts.
const (
	maxLine             = 2000 // bytes
	maxHeaderRules      = 100
	maxStaticRedirects  = 2000
	maxDynamicRedirects = 100
)

// pattern is the path of a rule, or its host and path, with placeholders. Nil never matches.
type pattern struct {
	host bool // the rule names a host
	re   *regexp.Regexp
}

var (
	placeholder   = regexp.MustCompile(`:([A-Za-z]\w*)`)
	special       = regexp.MustCompile(`[-/\\^$*+?.()|[\]{}]`)
	escapedScheme = `https:\/\/`
)

// compile reads a rule: * is the placeholder splat, and :name one that ends at the next slash or, in a host, at the
// next dot. A rule that would use a name twice never matches. asset-worker/src/utils/rules-engine.ts.
func compile(rule string) pattern {
	parts := strings.Split(rule, "*")
	for i, part := range parts {
		parts[i] = special.ReplaceAllString(part, `\$0`)
	}
	expression := strings.Join(parts, `(?P<splat>.*)`)
	if rest, ok := strings.CutPrefix(expression, escapedScheme); ok {
		host, _, _ := strings.Cut(rest, "/")
		for _, m := range placeholder.FindAllStringSubmatchIndex(host, -1) {
			if m[1] < len(host) && host[m[1]] == '\\' {
				name := host[m[2]:m[3]]
				expression = strings.ReplaceAll(expression, ":"+name, "(?P<"+name+">[^/.]+)")
			}
		}
	}
	for _, m := range placeholder.FindAllStringSubmatch(expression, -1) {
		expression = strings.ReplaceAll(expression, m[0], "(?P<"+m[1]+">[^/]+)")
	}
	p := pattern{host: strings.HasPrefix(rule, "https://")}
	re, err := regexp.Compile("^" + expression + "$")
	if err != nil {
		return p
	}
	names := slices.DeleteFunc(slices.Clone(re.SubexpNames()), func(name string) bool { return name == "" })
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) == len(names) {
		p.re = re
	}
	return p
}

// match returns a function that fills in placeholders, or nil if the rule is for other paths.
func (p pattern) match(host, path string) func(text string) string {
	if p.re == nil {
		return nil
	}
	subject := path
	if p.host {
		subject = "https://" + host + path
	}
	found := p.re.FindStringSubmatch(subject)
	if found == nil {
		return nil
	}
	names := p.re.SubexpNames()
	return func(text string) string {
		for i, name := range names {
			if name != "" {
				text = strings.ReplaceAll(text, ":"+name, found[i])
			}
		}
		return text
	}
}

// redirect is a rule of _redirects.
type redirect struct {
	to     string
	status int
	line   int
}

// redirects are the rules of a file _redirects.
type redirects struct {
	static  map[string]redirect // by URL or path, without placeholders
	dynamic []dynamicRedirect   // in order
}

type dynamicRedirect struct {
	from pattern
	redirect
}

var (
	comment  = regexp.MustCompile(`\s+#.*$`)
	toIndex  = regexp.MustCompile(`/index(\.html)?$`)
	statuses = map[int]bool{200: true, 301: true, 302: true, 303: true, 307: true, 308: true}
)

// parseRedirects reads a file _redirects. Lines that are wrong are left out, as Cloudflare does, and reported.
// utils/configuration/parseRedirects.ts and constructConfiguration.ts.
func parseRedirects(text, htmlHandling string) (rules redirects, wrong []string) {
	rules.static = map[string]redirect{}
	seen := map[string]bool{}
	static := true // until the first rule with a placeholder
	statics, dynamics := 0, 0
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		refuse := func(message string) { wrong = append(wrong, fmt.Sprintf("line %d: %s", n+1, message)) }
		if len(line) > maxLine {
			refuse(fmt.Sprintf("Ignoring line %d as it exceeds the maximum allowed length of %d.", n+1, maxLine))
			continue
		}
		tokens := strings.Fields(comment.ReplaceAllString(line, ""))
		if len(tokens) < 2 || len(tokens) > 3 {
			refuse(fmt.Sprintf("Expected exactly 2 or 3 whitespace-separated tokens. Got %d.", len(tokens)))
			continue
		}
		from, problem := ruleURL(tokens[0], true, false, false)
		if problem != "" {
			refuse(problem)
			continue
		}
		plain := !strings.Contains(from, "*") && !placeholder.MatchString(from)
		if static && plain {
			if statics++; statics > maxStaticRedirects {
				refuse(fmt.Sprintf("Maximum number of static rules supported is %d. Skipping line.", maxStaticRedirects))
				continue
			}
		} else {
			static = false
			if dynamics++; dynamics > maxDynamicRedirects {
				refuse(fmt.Sprintf("Maximum number of dynamic rules supported is %d.", maxDynamicRedirects))
				return rules, wrong
			}
		}
		rule, problem := readRedirect(from, tokens, htmlHandling)
		if problem == "" && seen[from] {
			problem = fmt.Sprintf("Ignoring duplicate rule for path %s.", from)
		}
		if problem != "" {
			refuse(problem)
			continue
		}
		seen[from] = true
		if rule.status == 200 && hasHost(rule.to) {
			refuse("Proxy (200) redirects can only point to relative paths. Got " + rule.to)
			continue
		}
		rule.line = n + 1
		if plain && len(rules.dynamic) == 0 {
			rules.static[from] = rule
		} else {
			rules.dynamic = append(rules.dynamic, dynamicRedirect{compile(from), rule})
		}
	}
	return rules, wrong
}

// readRedirect reads what follows a rule's path.
func readRedirect(from string, tokens []string, htmlHandling string) (rule redirect, problem string) {
	rule.status = 302
	if rule.to, problem = ruleURL(tokens[1], false, true, true); problem != "" {
		return rule, problem
	}
	if len(tokens) > 2 {
		status, err := strconv.Atoi(tokens[2])
		if err != nil || !statuses[status] {
			return rule, "Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got " + tokens[2] + "."
		}
		rule.status = status
	}
	loops := strings.HasSuffix(from, "/*") || strings.HasSuffix(from, "/") && htmlHandling != none
	if loops && !hasHost(rule.to) && toIndex.MatchString(rule.to) {
		return rule, "Infinite loop detected in this rule and has been ignored."
	}
	return rule, ""
}

// find returns where a request is redirected to.
func (r redirects) find(host, hostname, path string) (redirect, bool) {
	withHost, there := r.static["https://"+host+path]
	without, here := r.static[path]
	switch {
	case there && (!here || withHost.line < without.line):
		return withHost, true
	case here:
		return without, true
	}
	for _, rule := range r.dynamic {
		fill := rule.from.match(hostname, path)
		if fill == nil {
			continue
		}
		found := rule.redirect
		if found.to = strings.TrimSpace(fill(found.to)); !scheme.MatchString(found.to) {
			found.to = slashes.ReplaceAllString(found.to, "/")
		}
		return found, true
	}
	return redirect{}, false
}

var scheme = regexp.MustCompile(`^\w+://`)

// headerRule is a rule of _headers.
type headerRule struct {
	path  pattern
	set   []headerLine // in the order of the file; each name once
	unset []string
}

type headerLine struct{ name, value string }

// probablyPath recognises the lines that begin a rule.
var probablyPath = regexp.MustCompile(`^(\S+://|/)`)

// parseHeaders reads a file _headers. Lines that are wrong are left out, as Cloudflare does, and reported.
// utils/configuration/parseHeaders.ts.
func parseHeaders(text string) (rules []headerRule, wrong []string) {
	byPath := map[string]*headerRule{}
	var order []string
	var rule *headerRule // nil: lines belong to no rule
	path, skip := "", false
	keep := func() {
		if rule == nil {
			return
		}
		if len(rule.set)+len(rule.unset) == 0 {
			wrong = append(wrong, path+": No headers specified")
			return
		}
		if byPath[path] == nil { // a later rule for the same path takes the place of the earlier one
			order = append(order, path)
		}
		byPath[path] = rule
	}
	count := 0
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		refuse := func(message string) { wrong = append(wrong, fmt.Sprintf("line %d: %s", n+1, message)) }
		if len(line) > maxLine {
			refuse(fmt.Sprintf("Ignoring line %d as it exceeds the maximum allowed length of %d.", n+1, maxLine))
			continue
		}
		if probablyPath.MatchString(line) {
			keep()
			if rule != nil && len(rule.set)+len(rule.unset) > 0 {
				count++
			}
			rule = nil
			if count >= maxHeaderRules {
				refuse(fmt.Sprintf("Maximum number of rules supported is %d.", maxHeaderRules))
				break
			}
			var problem string
			if path, problem = headerPath(line); problem != "" {
				refuse(problem)
				skip = true
				continue
			}
			rule, skip = &headerRule{path: compile(path)}, false
			continue
		}
		if skip {
			continue
		}
		if problem := rule.read(line); problem != "" {
			refuse(problem)
		}
	}
	keep()
	for _, path := range order {
		rules = append(rules, *byPath[path])
	}
	return rules, wrong
}

// headerPath reads the line that begins a rule.
func headerPath(line string) (path, problem string) {
	if path, problem = ruleURL(line, false, false, false); problem != "" {
		return "", problem
	}
	wildcards := strings.Count(path, "*")
	splat := slices.ContainsFunc(placeholder.FindAllString(path, -1), func(name string) bool { return name == ":splat" })
	switch {
	case wildcards > 1:
		return "", fmt.Sprintf("Only one wildcard is allowed per rule. Use a named placeholder (e.g. :project) instead. "+
			"Skipping %s.", path)
	case wildcards > 0 && splat:
		return "", fmt.Sprintf("Cannot combine a wildcard * with a :splat placeholder because wildcards are converted to "+
			":splat at runtime. Skipping %s.", path)
	}
	return path, ""
}

// read reads a line that sets or removes a header.
func (r *headerRule) read(line string) (problem string) {
	name, value, pair := strings.Cut(line, ":")
	if !pair {
		removed, unset := strings.CutPrefix(line, "! ")
		switch {
		case r == nil:
			return "Expected a path beginning with at least one forward-slash"
		case !unset:
			return "Expected a colon-separated header pair (e.g. name: value)"
		}
		r.unset = append(r.unset, removed)
		return ""
	}
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	switch {
	case strings.Contains(name, " "):
		return "Header name cannot include spaces"
	case name == "":
		return "No header name specified"
	case value == "":
		return "No header value specified"
	case r == nil:
		return fmt.Sprintf("Path should come before header (%s: %s)", name, value)
	}
	i := slices.IndexFunc(r.set, func(l headerLine) bool { return l.name == name })
	if i < 0 {
		r.set = append(r.set, headerLine{name, value})
	} else {
		r.set[i].value += ", " + value
	}
	return ""
}

// customise applies the rules for a path to the headers of its answer.
func customise(rules []headerRule, header map[string][]string, hostname, path string) {
	ours := map[string]bool{} // set by a rule: a further one adds to it
	for _, rule := range rules {
		fill := rule.path.match(hostname, path)
		if fill == nil {
			continue
		}
		for _, name := range rule.unset {
			maps.DeleteFunc(header, func(key string, _ []string) bool { return strings.EqualFold(key, name) })
		}
		for _, line := range rule.set {
			key := canonical(line.name)
			if value := fill(line.value); ours[key] {
				header[key] = append(header[key], value)
			} else {
				header[key] = []string{value}
				ours[key] = true
			}
		}
	}
}
