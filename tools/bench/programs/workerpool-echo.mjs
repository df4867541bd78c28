import workerpool from 'workerpool';

// Ctrl-C reaches the whole process group; the bench ends us.
process.on('SIGINT', () => {});
workerpool.worker({ echo: (text) => text });
