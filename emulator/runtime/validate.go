// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"time"
)

//go:embed js/probe.js
var probeSource string

// validateTimeout is how long a script's global scope may take. Cloudflare allows less, but of processor time, which
// cannot be measured here on a busy machine.
const validateTimeout = 10 * time.Second

// rememberedReports is how many reports are kept, so that validating the same script again is free.
const rememberedReports = 256

// Codes of the errors that say that a script cannot run. Source:
// https://developers.cloudflare.com/workers/observability/errors/.
const (
	codeInvalid    = 10021
	codeNoHandlers = 10068
)

// Report is what validating a script found out.
type Report struct {
	StartupTimeMS int            // milliseconds until the script was ready, with the start of the runtime itself
	Handlers      []string       // methods of the default export, sorted, such as "fetch" and "scheduled"
	NamedHandlers []NamedHandler // the other exports, sorted by name
}

// NamedHandler is a named export, in the shape of the API's named_handlers.
type NamedHandler struct {
	Name     string   `json:"name"`
	Handlers []string `json:"handlers"` // methods of an object, sorted; of a class, just "class"
}

// ScriptError says that a script cannot run. It is the user's error, not the runtime's.
type ScriptError struct {
	Code int // the API's error code: 10021, or 10068 for a script without handlers
	// Message is what the API reports, in workerd's words, for example
	// "Uncaught SyntaxError: Unexpected end of input\n  at index.js:1:30\n".
	Message string
}

// Error returns the message.
func (e *ScriptError) Error() string { return e.Message }

func scriptErrorf(format string, args ...any) error {
	return &ScriptError{Code: codeInvalid, Message: fmt.Sprintf(format, args...)}
}

// reports are remembered outcomes of [Runtime.Validate]. Runtime.mu guards them.
type reports struct {
	byConfiguration map[[sha256.Size]byte]Report
	slots           chan struct{} // limits how many workerds validate at once
}

// Validate starts script in a workerd of its own and stops it again. An error of type [*ScriptError] says what
// is wrong with the script; any other error says that it could not be tried. Bindings are checked for shape,
// not for whether what they name exists.
//
// Handlers of scripts in service-worker syntax and of Python are found by reading, not running: those that are
// registered under a name that is not written out are missing from the report.
func (r *Runtime) Validate(ctx context.Context, script Script) (Report, error) {
	if script.python() {
		return script.readPython()
	}
	r.mu.Lock()
	shared, err := r.sharedLocked()
	if r.reports.slots == nil {
		r.reports.slots = make(chan struct{}, goruntime.NumCPU())
		r.reports.byConfiguration = map[[sha256.Size]byte]Report{}
	}
	slots := r.reports.slots
	closing := r.closingLocked()
	r.mu.Unlock()
	if err != nil {
		return Report{}, err
	}
	trial, err := newTrial(shared.backend.socket, &script)
	if err != nil {
		return Report{}, err
	}
	key := sha256.Sum256([]byte(trial.text))
	r.mu.Lock()
	report, known := r.reports.byConfiguration[key]
	r.mu.Unlock()
	if known {
		return report.clone(), nil
	}

	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return Report{}, context.Cause(ctx)
	case <-closing:
		return Report{}, errClosed
	}
	report, err = r.try(ctx, shared, trial, &script)
	if err != nil {
		return Report{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.reports.byConfiguration) >= rememberedReports {
		clear(r.reports.byConfiguration)
	}
	r.reports.byConfiguration[key] = report
	return report.clone(), nil
}

// clone returns a report that shares nothing with r.
func (r Report) clone() Report {
	r.Handlers = slices.Clone(r.Handlers)
	r.NamedHandlers = slices.Clone(r.NamedHandlers)
	for i := range r.NamedHandlers {
		r.NamedHandlers[i].Handlers = slices.Clone(r.NamedHandlers[i].Handlers)
	}
	return r
}

// trialName is the name of the service of a script that is tried.
const trialName = "worker.js"

// trial is a configuration that runs one script and nothing else.
type trial struct {
	text  string
	files fileSet
	name  string // of the script's service: workerd calls scripts in service-worker syntax by it
	probe string // entrypoint that describes the exports; empty in service-worker syntax
}

// newTrial writes the configuration for script.
func newTrial(socket string, script *Script) (*trial, error) {
	link := &linker{
		socket: socket, files: fileSet{}, backends: map[string]string{}, stable: true,
		service: func(key workerKey) (string, string) {
			return "", fmt.Sprintf("Worker %q cannot be used at global scope", key.name)
		},
		objects: trialObjects(script),
	}
	t := &trial{files: link.files, name: trialName}
	designator := "name = " + quote(t.name)
	var code string
	var err error
	if script.MainModule == "" {
		code, err = script.code(t.files)
	} else {
		t.probe = "emulatorProbe"
		designator += ", entrypoint = " + quote(t.probe)
		code, err = script.probed(t.files, t.probe)
	}
	if err != nil {
		return nil, err
	}
	settings, err := link.settings(script, nil)
	if err != nil {
		return nil, err
	}
	hosted := link.objects.host(script, "inMemory = void")
	services := append([]string{
		fmt.Sprintf("(name = %s, worker = (%s, %s%s))", quote(t.name), code, settings, hosted),
		fmt.Sprintf("(name = %s, network = (allow = []))", quote(networkService)),
	}, link.backendServices()...)
	t.text = configuration(services,
		[]string{fmt.Sprintf(`(name = "http", address = "127.0.0.1:0", http = (), service = (%s))`, designator)},
		[]string{link.extension()})
	return t, nil
}

// probed returns the script's code with a module in front that exports the same and, as probe, what describes it.
func (s *Script) probed(files fileSet, probe string) (string, error) {
	modules, err := s.modules(files)
	if err != nil {
		return "", err
	}
	main, err := moduleName(s.MainModule)
	if err != nil {
		return "", err
	}
	specifier, err := json.Marshal("./" + main)
	if err != nil {
		return "", fmt.Errorf("main module: %w", err)
	}
	source := strings.NewReplacer(
		"from CANDIDATE", "from "+string(specifier), "const PROBE", "const "+probe).Replace(probeSource)
	name := "emulator-probe.js"
	for slices.ContainsFunc(s.Modules, func(m Module) bool { return strings.Contains(m.Name, name) }) {
		name = "x" + name
	}
	front := fmt.Sprintf("(name = %s, esModule = %s)", quote(name), files.embed([]byte(source)))
	return "modules = " + list(append([]string{front}, modules...)), nil
}

// try runs a trial.
func (r *Runtime) try(ctx context.Context, shared *shared, t *trial, script *Script) (Report, error) {
	console := &lineWriter{line: func(text string) { r.logLine(script.Name, text) }}
	begin := time.Now()
	proc, err := startProcess(ctx.Done(), validateTimeout, shared, t.text, t.files, stable, console, io.Discard)
	if err != nil {
		return Report{}, t.explain(ctx, err)
	}
	defer func() {
		proc.kill()
		<-proc.done
	}()
	report := Report{StartupTimeMS: max(1, int(time.Since(begin).Milliseconds()))}
	if t.probe == "" {
		report.Handlers = listeners(script)
		return report, nil
	}
	exports, err := describe(ctx, proc.address)
	if err != nil {
		return Report{}, fmt.Errorf("handlers of the script: %w", err)
	}
	return report, exports.fill(&report)
}

// explain returns the error for a candidate that did not start.
func (t *trial) explain(ctx context.Context, err error) error {
	var exit *exitError
	switch {
	case errors.Is(err, errCancelled):
		return context.Cause(ctx)
	case errors.Is(err, errStartTimeout):
		return scriptErrorf("Error: Script startup exceeded CPU time limit.")
	case !errors.As(err, &exit):
		return err
	}
	if message := t.complaint(exit.output); message != "" {
		return &ScriptError{Code: codeInvalid, Message: message}
	}
	return err
}

// complaint returns what workerd's error output says about the candidate first, as the API words it: without the
// name of the service, and with a line's end. It is empty if there is nothing.
func (t *trial) complaint(output string) string {
	_, rest, ok := strings.Cut("\n"+output, "\nservice "+t.name+": ")
	if !ok {
		return ""
	}
	message, _, _ := strings.Cut(rest, "\nservice "+t.name+": ")
	message, _, _ = strings.Cut(message, "\nSocket \"http\" refers to ") // a consequence
	return strings.TrimRight(message, "\n") + "\n"
}

// exports are what js/probe.js says about a script.
type exports []struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Class   bool     `json:"class"`
	Methods []string `json:"methods"`
}

// describe asks the probe of a candidate that listens at address.
func describe(ctx context.Context, address string) (exports, error) {
	ctx, cancel := context.WithTimeout(ctx, validateTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", http.NoBody)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // only read from: nothing to lose
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("probe answered %s", response.Status)
	}
	var e exports
	if err := json.NewDecoder(response.Body).Decode(&e); err != nil {
		return nil, err
	}
	return e, nil
}

// fill completes a report. It fails for a script that handles nothing.
func (e exports) fill(report *Report) error {
	for _, x := range e {
		switch {
		case x.Name != "default":
			handlers := x.Methods
			if x.Class {
				handlers = []string{"class"}
			}
			report.NamedHandlers = append(report.NamedHandlers, NamedHandler{Name: x.Name, Handlers: handlers})
		case x.Type != "object" && x.Type != "function":
			// The words in which workerd refuses other exports of a wrong type.
			return scriptErrorf("Uncaught TypeError: Incorrect type for map entry 'default': " +
				"the provided value is not of type 'function or ExportedHandler'.\n")
		default:
			report.Handlers = x.Methods
		}
	}
	slices.SortFunc(report.NamedHandlers, func(a, b NamedHandler) int { return strings.Compare(a.Name, b.Name) })
	if len(report.Handlers) == 0 && len(report.NamedHandlers) == 0 {
		return &ScriptError{Code: codeNoHandlers, Message: "The uploaded script has no registered event handlers."}
	}
	return nil
}

var listener = regexp.MustCompile("addEventListener\\s*\\(\\s*[\"'`](\\w+)[\"'`]")

// listeners returns the events for which a script in service-worker syntax registers listeners.
func listeners(script *Script) []string {
	body, err := script.part(script.BodyPart)
	if err != nil {
		return nil // reported when the configuration was written
	}
	var events []string
	for _, m := range listener.FindAllSubmatch(body, -1) {
		events = append(events, string(m[1]))
	}
	slices.Sort(events)
	return slices.Compact(events)
}
