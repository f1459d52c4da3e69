// Package task holds the tasks of the Tasks extension (io.modelcontextprotocol/tasks):
// calls that go on after their request has been answered, and that the client asks
// about.
//
// A [Table] bounds how many tasks there are, what their results hold, and how long
// each is kept; when there is no room it takes no new ones, as a task that was
// promised must stay for its time. A [Task] is one of them: its work runs in a
// goroutine of its own, may ask questions, which park it, and ends with a result
// or an error.
//
// The package knows neither requests nor who may make them: a task belongs to an
// owner, and is found under its name and owner only. Tasks are in memory and end
// with the process.
//
// In order of reading: table.go, task.go, render.go.
package task
