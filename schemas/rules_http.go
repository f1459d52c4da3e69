package schemas

import (
	"strings"
	"unicode"
)

// parameters checks what an HTTP tool sends besides its templates.
func (r *checker) parameters(at string, h *HTTP) {
	for _, argument := range sortedKeys(h.Parameters) {
		p, here := h.Parameters[argument], at+".parameter."+argument
		name := p.Name
		if name == "" {
			name = argument
		}
		switch p.In {
		case "header":
			r.header(here+".name", name)
			if p.Style != "" && p.Style != "simple" && p.Style != "json" {
				r.wrong(here+".style", "headers have the styles simple and json").Fix("Leave it out.")
			}
		case "cookie":
			if !headerName.MatchString(name) {
				r.wrong(here+".name", "%q cannot be the name of a cookie", name).Fix("A name holds letters, digits and dashes.")
			}
			fallthrough
		default:
			if p.Style == "simple" {
				r.wrong(here+".style", "the style simple is for headers").Fix("Write style = \"form\", or leave it out.")
			}
			if strings.ContainsFunc(name, unicode.IsControl) {
				r.wrong(here+".name", "it holds a control character").Fix("Write it on one line.")
			}
		}
		if len(p.Keys) > 0 && (p.Style != "" && p.Style != "form" || p.Explode != nil && !*p.Explode) {
			r.wrong(here+".keys", "only objects in the style form with explode have keys").Fix("Remove it.")
		}
	}
	p := h.Payload
	if p == nil {
		return
	}
	r.mediaType(at+".payload.type", p.Type)
	if h.Parameters[p.Argument] != nil {
		r.wrong(at+".payload.argument", "it is sent as a parameter too").Fix("Send each argument once.")
	}
	if len(p.Files) > 0 && p.As != "multipart" {
		r.wrong(at+".payload.files", "only multipart bodies have files").Fix("Write as = \"multipart\", or remove it.")
	}
	if p.Type != "" && p.As == "multipart" {
		r.wrong(at+".payload.type", "a multipart body has the type multipart/form-data").Fix("Remove it.")
	}
	if h.Method == "GET" || h.Method == "HEAD" {
		r.wrong(at+".payload", "a %s request has no body", h.Method).Fix("Write another method, or send the argument as a parameter.")
	}
}
