package transport

import (
	"bytes"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// chore is work that says which goroutine does it, and ends when it is told to.
type chore struct {
	by  chan string
	end chan struct{}
}

func newChore() *chore { return &chore{make(chan string, 1), make(chan struct{})} }

func (c *chore) Run() {
	stack := make([]byte, 64)
	stack = stack[:runtime.Stack(stack, false)]
	name, _, _ := bytes.Cut(stack, []byte(" ["))
	c.by <- string(name)
	<-c.end
}

func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails when goroutines are left at its end
		c := newCrew()
		first, second, third, fourth := newChore(), newChore(), newChore(), newChore()
		c.do(first)
		c.do(second)
		one, two := <-first.by, <-second.by // waits forever if one waits for the other
		if one == two {
			t.Errorf("%s does two things at a time", one)
		}
		close(first.end)
		synctest.Wait()
		c.do(third)
		if by := <-third.by; by != one {
			t.Errorf("work is done by %s, though %s is free", by, one)
		}
		close(second.end)
		<-time.After(spareFor) // by the clock of this test, which takes no time
		synctest.Wait()
		c.do(fourth)
		if by := <-fourth.by; by == two {
			t.Errorf("%s has waited for work for longer than %v", by, spareFor)
		}
		close(third.end)
		close(fourth.end)
		synctest.Wait()
		<-time.After(spareFor)
	})
}
