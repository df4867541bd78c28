import Fastify from 'fastify'; import http from 'node:http';
const work=b=>({sum:b.values.reduce((x,y)=>x+y)*b.weight,most:Math.max(...b.values),least:Math.min(...b.values)});
const app=Fastify({logger:false}); app.post('/f',async(r)=>work(r.body)); await app.listen({port:8801,host:'127.0.0.1'});
http.createServer((q,s)=>{let b='';q.on('data',d=>b+=d);q.on('end',()=>{const o=JSON.stringify(work(JSON.parse(b)));s.writeHead(200,{'content-type':'application/json','content-length':Buffer.byteLength(o)});s.end(o)})}).listen(8802,'127.0.0.1');
