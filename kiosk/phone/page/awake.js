// Tells the relay that somebody looks at this page while an alert is active: then it does not ring this
// phone again for it. By itself, for nobody who is woken should have to press for that.

const AGAIN = 5000; // ms until what did not get through is said again

// say(venue, id): rejects where the relay has not got it.
export function makeAwake(say) {
    const said = new Set();

    // `active`: [{venue, id}] of the alerts on this page.
    function look(active) {
        if (document.visibilityState !== 'visible') {
            return;
        }
        for (const { venue, id } of active) {
            const key = `${venue} ${id}`;
            if (!said.has(key)) {
                said.add(key);
                say(venue, id).catch(() => setTimeout(() => said.delete(key), AGAIN));
            }
        }
    }

    // A wake-up came: the relay may not know it any more.
    return { look, forget: () => said.clear() };
}
